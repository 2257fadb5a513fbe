from contextlib import asynccontextmanager

from fastapi import FastAPI

from .init import deinit, init


@asynccontextmanager
async def lifespan(app: FastAPI):
    await init(app)
    yield
    await deinit(app)


app = FastAPI(lifespan=lifespan)


@app.get("/ready")
async def ready():
    return {"ready": app.state.ready}
