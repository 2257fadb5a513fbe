"""The API of the service `api`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from .init import deinit, init
from .init.temporal import get_temporal
from .temporal_client import configure_logging


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Run the start-up and shutdown hooks."""
    await init(app)
    try:
        yield
    finally:
        await deinit(app)


configure_logging()
app = FastAPI(title="api", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, Any]:
    """Report that the API runs, and the last observed state of Temporal."""
    return {"status": "ok", "temporal": get_temporal(app).health().as_dict()}
