async def init(app):
    return None

async def deinit(app):
    pass
