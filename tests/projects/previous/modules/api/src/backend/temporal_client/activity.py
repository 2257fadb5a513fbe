"""Helpers for activities."""

import contextvars
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import activity

HEARTBEATS_PER_TIMEOUT = 3
"""Number of heartbeats sent per heartbeat timeout."""


def idempotency_key() -> str:
    """Return a key unique to an activity and the same for each of its attempts.

    A service that accepts idempotency keys then acts only once.
    """
    info = activity.info()
    return f"{info.workflow_id}/{info.workflow_run_id}/{info.activity_id}"


@contextmanager
def heartbeating() -> Iterator[None]:
    """Send heartbeats while the block runs, to detect a dead worker early.

    For activities written with `def`. Heartbeats show that the process is alive, not
    that the block makes progress: set a timeout on calls that may hang. When the
    execution is cancelled, the response to a heartbeat interrupts the activity.
    """
    timeout = activity.info().heartbeat_timeout
    if timeout is None:
        yield
        return
    pause = timeout.total_seconds() / HEARTBEATS_PER_TIMEOUT
    context = contextvars.copy_context()
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(pause):
            context.run(activity.heartbeat)

    thread = threading.Thread(target=beat, name="temporal-heartbeat", daemon=True)
    try:
        # Cancellation can interrupt the activity's thread anywhere except here.
        with activity.shield_thread_cancel_exception():
            thread.start()
        yield
    finally:
        ended.set()
        if thread.ident is not None:
            thread.join()
