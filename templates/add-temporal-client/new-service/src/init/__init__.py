"""Start-up and shutdown hooks of the API."""

from fastapi import FastAPI


async def init(app: FastAPI) -> None:
    """Run once, before the first request is answered."""


async def deinit(app: FastAPI) -> None:
    """Run once, after the last request has been answered."""
