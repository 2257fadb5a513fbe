"""What is known of the connection, as plain data."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The state of the connection."""

    CONNECTING = "connecting"
    """Not connected yet; trying again and again."""

    CONNECTED = "connected"
    """The last probe was answered."""

    LOST = "lost"
    """There was a connection, and the last probe was not answered."""

    MISCONFIGURED = "misconfigured"
    """A setting is wrong: no attempt is made until the service is restarted."""

    STOPPED = "stopped"
    """Not started yet, or stopped."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """The connection's state as it was last seen. Reading it costs nothing."""

    state: State
    address: str
    namespace: str
    task_queue: str
    polling: bool
    """Whether a worker of this process takes tasks from the task queue."""
    last_error: str | None
    workflows: Sequence[str] = ()
    """The types of workflows that the worker of this process runs."""
    unknown_workflows: Sequence[str] = ()
    """Types that this worker was asked for and does not have: those executions wait."""

    def as_dict(self) -> dict[str, str | bool | list[str] | None]:
        """The same, ready to be sent as JSON."""
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
