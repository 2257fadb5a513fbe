"""Worker settings from the environment. Every setting has a default."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from .errors import ConfigurationError

MAX_CONCURRENT = 10_000
"""Maximum concurrent tasks and threads; more is assumed to be a typo."""

MAX_PROCESSES = 256
"""Maximum number of worker processes; more is assumed to be a typo."""

MAX_TIMEOUT = 3600
"""Maximum timeout, in seconds."""


@dataclass(frozen=True, kw_only=True)
class TemporalSettings:
    """The settings of a service's worker.

    Connection options (address, namespace, API key, TLS, profiles) are separate:
    `connection` reads them from Temporal's own variables and files.
    """

    task_queue: str = "main-task-queue"
    """`TEMPORAL_TASK_QUEUE`: the task queue that this service's workers poll."""

    embedded_worker: bool = True
    """`TEMPORAL_EMBEDDED_WORKER`: whether the API's own process runs a worker."""

    graceful_shutdown: timedelta = timedelta(seconds=8)
    """`TEMPORAL_GRACEFUL_SHUTDOWN_SECONDS`: how long activities may take to end."""

    sticky_timeout: timedelta = timedelta(seconds=5)
    """`TEMPORAL_STICKY_TIMEOUT_SECONDS`: how long an execution waits for the worker
    that caches it before any other one may continue it."""

    max_concurrent_workflow_tasks: int = 100
    """`TEMPORAL_MAX_CONCURRENT_WORKFLOW_TASKS`: maximum per worker."""

    max_concurrent_activities: int = 100
    """`TEMPORAL_MAX_CONCURRENT_ACTIVITIES`: also thread count."""

    worker_processes: int = 1
    """`TEMPORAL_WORKER_PROCESSES`: how many processes `run_worker` runs."""

    metrics_address: str | None = None
    """`TEMPORAL_METRICS_ADDRESS`: where Prometheus metrics are served, e.g. `:9000`."""

    deployment_name: str = "api"
    """`TEMPORAL_WORKER_DEPLOYMENT`: the name that versions of this worker share."""

    build_id: str | None = None
    """`TEMPORAL_WORKER_BUILD_ID`: enables worker versioning; see the README first."""

    @classmethod
    def from_env(cls, env: Mapping[str, str] = os.environ) -> Self:
        """Read the settings; an empty variable counts as not set.

        Raises:
            ConfigurationError: A variable is invalid; the message names it.
        """
        values = {key: value.strip() for key, value in env.items() if value.strip()}
        default = cls()
        return cls(
            task_queue=values.get("TEMPORAL_TASK_QUEUE", default.task_queue),
            embedded_worker=_flag(
                values, "TEMPORAL_EMBEDDED_WORKER", default.embedded_worker
            ),
            graceful_shutdown=_seconds(
                values,
                "TEMPORAL_GRACEFUL_SHUTDOWN_SECONDS",
                default.graceful_shutdown,
            ),
            sticky_timeout=_seconds(
                values, "TEMPORAL_STICKY_TIMEOUT_SECONDS", default.sticky_timeout
            ),
            max_concurrent_workflow_tasks=_count(
                values,
                "TEMPORAL_MAX_CONCURRENT_WORKFLOW_TASKS",
                default.max_concurrent_workflow_tasks,
            ),
            max_concurrent_activities=_count(
                values,
                "TEMPORAL_MAX_CONCURRENT_ACTIVITIES",
                default.max_concurrent_activities,
            ),
            worker_processes=_count(
                values,
                "TEMPORAL_WORKER_PROCESSES",
                default.worker_processes,
                MAX_PROCESSES,
            ),
            metrics_address=values.get("TEMPORAL_METRICS_ADDRESS"),
            deployment_name=values.get(
                "TEMPORAL_WORKER_DEPLOYMENT", default.deployment_name
            ),
            build_id=values.get("TEMPORAL_WORKER_BUILD_ID"),
        )


def is_reload_on(env: Mapping[str, str] = os.environ) -> bool:
    """`TEMPORAL_RELOAD`: whether changed code is reloaded; off by default.

    Raises:
        ConfigurationError: The variable is neither true nor false.
    """
    return _flag(env, "TEMPORAL_RELOAD", False)


def _flag(values: Mapping[str, str], name: str, default: bool) -> bool:
    text = values.get(name, "").strip()
    if not text:
        return default
    match text.lower():
        case "true" | "1" | "yes" | "on":
            return True
        case "false" | "0" | "no" | "off":
            return False
        case _:
            raise ConfigurationError(f"{name} is `{text}`: use `true` or `false`")


def _count(
    values: Mapping[str, str], name: str, default: int, most: int = MAX_CONCURRENT
) -> int:
    text = values.get(name)
    if text is None:
        return default
    # `isdecimal` also accepts digits of other scripts, which `int` can parse.
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise ConfigurationError(
            f"{name} is `{text}`: use a whole number from 1 to {most}"
        )
    return int(text)


def _seconds(values: Mapping[str, str], name: str, default: timedelta) -> timedelta:
    text = values.get(name)
    if text is None:
        return default
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    # Rejects NaN too: every comparison with it is false.
    if not 0 <= seconds <= MAX_TIMEOUT:
        raise ConfigurationError(
            f"{name} is `{text}`: use a number of seconds from 0 to {MAX_TIMEOUT}"
        )
    return timedelta(seconds=seconds)
