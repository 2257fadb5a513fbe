async def init():
    pass

async def deinit():
    pass
