async def init(app): print(1)

async def deinit(app): print(2)
