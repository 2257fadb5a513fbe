{% if framework %}
"""Starts and stops Temporal together with the application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

{% if framework == "FastAPI" %}
from fastapi import FastAPI
{% else %}
from starlette.applications import Starlette
{% endif %}

{% set own_imports = [
    [here ~ "temporal_client", "Temporal, TemporalSettings"],
    [here ~ registry_module, "ACTIVITIES, WORKFLOWS"],
] %}
{% if dependencies_module %}
{% set own_imports = own_imports + [[here ~ dependencies_module, "open_dependencies"]] %}
{% endif %}
{% for module, names in own_imports | sort %}
from {{ module }} import {{ names }}
{% endfor %}
{% else %}
"""Temporal settings of this service. All are optional."""

from {{ here }}temporal_client import TemporalSettings
{% endif %}


def get_temporal_settings() -> TemporalSettings:
    """Read the settings of this service's worker from the environment.

    The connection is configured by `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE` and the
    other variables of Temporal's own tools; `temporal_client/README.md` lists them.
    """
    return TemporalSettings.from_env()
{% if framework %}


def attach_temporal(app: {{ framework }}) -> None:
    """Start Temporal after the application's own start-up, stop it before its shutdown.

    It connects in the background: the application starts even if Temporal does not
    answer.
    """
    own_lifespan = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(started: {{ framework }}) -> AsyncIterator[Any]:
        async with own_lifespan(started) as state:
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
            try:
                yield state
            finally:
                await temporal.stop()

    app.router.lifespan_context = lifespan


def get_temporal(app: {{ framework }}) -> Temporal:
    """This service's connection: `client`, `task_queue` and `health()`."""
    temporal: Temporal = app.state.temporal
    return temporal
{% endif %}
