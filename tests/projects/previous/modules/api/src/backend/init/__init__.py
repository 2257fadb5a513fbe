"""Start-up and shutdown hooks of the API."""

from fastapi import FastAPI

from .temporal import deinit_temporal, init_temporal


async def init(app: FastAPI) -> None:
    """Run once, before the first request is answered."""
    await init_temporal(app)


async def deinit(app: FastAPI) -> None:
    """Run once, after the last request has been answered."""
    await deinit_temporal(app)
