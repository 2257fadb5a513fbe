"""Worker settings from the environment. Every setting has a default."""

import os
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from .errors import ConfigurationError

# The upper limits catch typing errors.
Count = Annotated[int, Field(ge=1, le=10_000)]
Seconds = Annotated[float, Field(ge=0, le=3600)]


class TemporalSettings(BaseModel):
    """The settings of a worker. The variable of `task_queue` is `TEMPORAL_TASK_QUEUE`.

    Address, namespace, API key and TLS are not here: see `connection`.
    """

    model_config = ConfigDict(frozen=True)

    task_queue: str = "main-task-queue"
    """The task queue that this service's workers poll."""

    embedded_worker: bool = True
    """Whether the API's own process runs a worker."""

    graceful_shutdown_seconds: Seconds = 8
    """How long running activities may take to end when the worker stops."""

    sticky_timeout_seconds: Seconds = 5
    """How long a task waits for the worker that has its execution in its cache.

    After that time any other worker takes the task, and replays the history first.
    A short time helps if a worker dies; a long one saves replays if workers are busy.
    """

    max_concurrent_workflow_tasks: Count = 100
    max_concurrent_activities: Count = 100
    """Also the number of threads for activities written with `def`."""

    metrics_address: str | None = None
    """Where Prometheus metrics are served: `:9000`, or `127.0.0.1:9000`."""

    health_address: str | None = None
    """Where a worker process answers `GET /live` and `GET /ready`: `:8080`."""

    reload: bool = False
    """Whether `temporal_client.reload` restarts on changes."""

    worker_build_id: str | None = None
    """Turns on worker versioning in a worker process; see the README first."""

    deployment_name: str = "{{ service }}"
    """The name that the versions of this worker share."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """Read the settings; an empty variable counts as not set.

        Raises:
            ConfigurationError: A variable is invalid; the message names it.
        """
        names = {field: f"TEMPORAL_{field.upper()}" for field in cls.model_fields}
        values = {field: env.get(name, "").strip() for field, name in names.items()}
        given = {field: value for field, value in values.items() if value}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = names[str(first["loc"][0])]
            message = f"{name} is `{first['input']}`: {first['msg']}"
            raise ConfigurationError(message) from None
