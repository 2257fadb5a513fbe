async def init(app):
    yield

async def deinit(app):
    pass
