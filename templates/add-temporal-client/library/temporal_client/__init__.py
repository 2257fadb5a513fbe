"""Connects a service to Temporal and runs its worker.

`Temporal` does both inside an API, in the background. `run_worker` does both in a
separate process. The environment configures them: see `settings` and `connection`.
"""

from .activity import heartbeating, idempotency_key
from .connection import connect
from .errors import ConfigurationError, NotConnectedError
from .health import Health, State
from .process import configure_logging, run_worker
from .service import Temporal
from .settings import TemporalSettings
from .worker import new_replayer, new_worker

__all__ = [
    "ConfigurationError",
    "Health",
    "NotConnectedError",
    "State",
    "Temporal",
    "TemporalSettings",
    "configure_logging",
    "connect",
    "heartbeating",
    "idempotency_key",
    "new_replayer",
    "new_worker",
    "run_worker",
]
