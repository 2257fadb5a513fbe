from fastapi import FastAPI
from utils import env
import conf

async def init(app: FastAPI) -> None:
    """Initialise what the API needs."""
    env.validate(conf.VALIDATED_ENV_VARS)

async def deinit(app: FastAPI) -> None:
    """Release it again."""
    pass
