"""The state of the connection, as plain data."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """The state of the connection."""

    CONNECTING = "connecting"
    """Not connected; retrying."""

    CONNECTED = "connected"
    """The last check was answered."""

    LOST = "lost"
    """Was connected, but the last check was not answered."""

    MISCONFIGURED = "misconfigured"
    """A setting is invalid: no attempt is made until the service restarts."""

    STOPPED = "stopped"
    """Not started yet, or stopped."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """The last observed state of the connection. Reading it sends nothing."""

    state: State = State.STOPPED
    address: str = ""
    namespace: str = ""
    task_queue: str = ""
    polling: bool = False
    """Whether a worker of this process polls the task queue."""
    last_error: str | None = None
    workflows: Sequence[str] = ()
    """The workflow types that the worker of this process runs."""
    unknown_workflows: Sequence[str] = ()
    """Types that were started but are not registered: their executions wait."""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-compatible data."""
        return asdict(self)
