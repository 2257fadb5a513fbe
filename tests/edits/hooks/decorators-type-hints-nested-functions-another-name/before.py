import os

@traced
async def init(application: "FastAPI", *, fast: bool = False) -> None:
    async def helper() -> None:
        async def init(app): pass
        return None

    if fast:
        await helper()
    else:
        try:
            await helper()
        finally:
            print(f"{'a' + "b"}")

@traced
@other(1)
async def deinit(application) -> None: pass
