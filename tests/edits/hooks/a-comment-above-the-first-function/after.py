
from .temporal import deinit_temporal, init_temporal


# Start-up hooks.
async def init(app):
    await a()
    await init_temporal(app)

async def deinit(app):
    await deinit_temporal(app)
    await b()
