"""The state of the connection, as plain data."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The state of the connection."""

    CONNECTING = "connecting"
    """Not connected yet; retrying."""

    CONNECTED = "connected"
    """The last probe was answered."""

    LOST = "lost"
    """Was connected, but the last probe was not answered."""

    MISCONFIGURED = "misconfigured"
    """A setting is invalid: no attempt is made until the service restarts."""

    STOPPED = "stopped"
    """Not started yet, or stopped."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """The last observed state of the connection. Reading it sends nothing."""

    state: State
    address: str
    namespace: str
    task_queue: str
    polling: bool
    """Whether a worker of this process polls the task queue."""
    last_error: str | None
    workflows: Sequence[str] = ()
    """The workflow types that the worker of this process runs."""
    unknown_workflows: Sequence[str] = ()
    """Types that were started but are not registered: their executions wait."""

    def as_dict(self) -> dict[str, str | bool | list[str] | None]:
        """Return it as JSON-compatible data."""
        return {
            "state": self.state.value,
            "address": self.address,
            "namespace": self.namespace,
            "task_queue": self.task_queue,
            "polling": self.polling,
            "last_error": self.last_error,
            "workflows": list(self.workflows),
            "unknown_workflows": list(self.unknown_workflows),
        }
