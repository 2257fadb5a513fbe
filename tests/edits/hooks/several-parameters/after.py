from .temporal import deinit_temporal, init_temporal


async def init(settings, application: fastapi.FastAPI):
    await a()
    await init_temporal(application)

async def deinit(settings, app):
    await deinit_temporal(app)
    # first
    await b()
