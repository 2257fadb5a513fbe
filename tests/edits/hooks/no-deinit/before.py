async def init(app):
    pass
