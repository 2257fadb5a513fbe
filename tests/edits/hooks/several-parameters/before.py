async def init(settings, application: fastapi.FastAPI):
    await a()

async def deinit(settings, app):
    # first
    await b()
