
# Start-up hooks.
async def init(app):
    await a()

async def deinit(app):
    await b()
