import asyncio
from .temporal import deinit_temporal, init_temporal

async def init(app):
    await asyncio.gather(a(app), init_temporal(app))

async def deinit(app):
    match app:
        case 1: await deinit_temporal(app)
