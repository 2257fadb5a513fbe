from fastapi import FastAPI
from .postgres import init_postgres
from .temporal import deinit_temporal, init_temporal

async def init(app: FastAPI) -> None:
    """Start."""
    await init_temporal(app)

async def deinit(app: FastAPI) -> None:
    '''Stop.'''
    await deinit_temporal(app)
