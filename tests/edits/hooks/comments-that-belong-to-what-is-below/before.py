import os
# zeta must come last
from .zeta import y

async def init(app):
    await a()

async def deinit(app):
    await b()
