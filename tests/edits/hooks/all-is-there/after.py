from .temporal import deinit_temporal
from .temporal import init_temporal

async def init(app):
    await init_temporal(app)

async def deinit(app):
    await deinit_temporal(app)
