"""Starts and stops Temporal together with the API."""

from fastapi import FastAPI

from ..conf.temporal import get_temporal_settings
from ..temporal_client import Temporal
from ..workflows.registry import ACTIVITIES, WORKFLOWS


async def init_temporal(app: FastAPI) -> None:
    """Connect in the background: the API starts even if Temporal does not answer."""
    temporal = Temporal(
        get_temporal_settings, workflows=WORKFLOWS, activities=ACTIVITIES
    )
    app.state.temporal = temporal
    await temporal.start()


async def deinit_temporal(app: FastAPI) -> None:
    """Wait for running activities, then disconnect. Does nothing if not started."""
    temporal: Temporal | None = getattr(app.state, "temporal", None)
    if temporal is not None:
        await temporal.stop()


def get_temporal(app: FastAPI) -> Temporal:
    """This service's connection: `client`, `task_queue` and `health()`."""
    temporal: Temporal = app.state.temporal
    return temporal
