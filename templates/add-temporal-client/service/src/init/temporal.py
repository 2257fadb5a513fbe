"""Starts and stops Temporal together with the API."""

from fastapi import FastAPI

{% set own_imports = [
    [up ~ settings_module, "get_temporal_settings"],
    [up ~ "temporal_client", "Temporal"],
    [up ~ registry_module, "ACTIVITIES, WORKFLOWS"],
] %}
{% if dependencies_module %}
{% set own_imports = own_imports + [[up ~ dependencies_module, "open_dependencies"]] %}
{% endif %}
{% for module, names in own_imports | sort %}
from {{ module }} import {{ names }}
{% endfor %}


async def init_temporal(app: FastAPI) -> None:
    """Connect in the background: the API starts even if Temporal does not answer."""
    temporal = Temporal(
        get_temporal_settings,
        workflows=WORKFLOWS,
        activities=ACTIVITIES,
{% if dependencies_module %}
        dependencies=open_dependencies,
{% endif %}
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
