from fastapi import FastAPI

async def init(app):
	await x(app)

async def deinit(app):
	await y(app)