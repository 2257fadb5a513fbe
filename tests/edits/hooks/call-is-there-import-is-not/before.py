async def init(app):
    if app:
        await init_temporal(app)

async def deinit(app):
    pass
