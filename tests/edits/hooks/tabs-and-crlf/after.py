from fastapi import FastAPI

from .temporal import deinit_temporal, init_temporal

async def init(app):
	await x(app)
	await init_temporal(app)

async def deinit(app):
	await deinit_temporal(app)
	await y(app)