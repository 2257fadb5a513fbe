"""Hooks."""

from fastapi import FastAPI

from ..utils import log
from .postgres import (
    init_postgres,
)

logger = log.get_logger(__name__)


async def init(app: FastAPI) -> None:
    """Start.

    All of it.
    """
    await init_postgres(app)  # first
    # await init_redis(app)

async def deinit(app: FastAPI) -> None:
    """Stop."""
