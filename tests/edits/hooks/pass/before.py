from fastapi import FastAPI


async def init(app: FastAPI) -> None:
    pass


async def deinit(app: FastAPI) -> None:
    pass  # nothing yet
