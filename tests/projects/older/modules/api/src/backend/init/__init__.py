"""Start-up and shutdown of the API."""
from fastapi import FastAPI

from .. import conf


async def init(app: FastAPI) -> None:
    """Initialise the API.

    Called once, before the first request.
    """
    if not conf.validate():
        raise ValueError("Invalid configuration.")
    app.state.ready = True  # see /ready
    # await init_redis(app)


async def deinit(app: FastAPI) -> None:
    """Clean up."""
    pass
