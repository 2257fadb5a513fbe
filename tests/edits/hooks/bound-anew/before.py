async def init(app):
    pass

init = other

async def deinit(app):
    pass
