from fastapi import FastAPI
from .postgres import init_postgres

async def init(app: FastAPI) -> None:
    """Start."""
    pass

async def deinit(app: FastAPI) -> None:
    '''Stop.'''
    pass
