import os
from .temporal import deinit_temporal, init_temporal
# zeta must come last
from .zeta import y

async def init(app):
    await a()
    await init_temporal(app)

async def deinit(app):
    await deinit_temporal(app)
    await b()
