from fastapi import FastAPI

from .temporal import deinit_temporal, init_temporal


async def init(app: FastAPI) -> None:
    await init_temporal(app)


async def deinit(app: FastAPI) -> None:
    await deinit_temporal(app)  # nothing yet
