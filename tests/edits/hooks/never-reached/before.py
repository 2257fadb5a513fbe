async def init(app):
    if app:
        return
    else:
        raise ValueError

async def deinit(app):
    pass
