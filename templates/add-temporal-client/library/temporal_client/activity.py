"""Helpers for activities."""

import contextvars
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

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
def heartbeating() -> Iterator[Sequence[Any]]:
    """Send heartbeats while the block runs, to detect a dead worker early.

        with heartbeating() as details:
            for page in range(details[0] if details else 0, last):
                activity.heartbeat(page)

    The block gets the last details that the attempt before has sent. The worker
    repeats the last details that the block sends with `activity.heartbeat`.

    For activities written with `def`. Heartbeats show that the process is alive, not
    that the block makes progress: set a timeout on calls that may hang. When the
    execution is cancelled, the response to a heartbeat interrupts the activity.
    """
    info = activity.info()
    if info.heartbeat_timeout is None:
        yield info.heartbeat_details
        return
    pause = info.heartbeat_timeout.total_seconds() / HEARTBEATS_PER_TIMEOUT
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
        yield info.heartbeat_details
    finally:
        ended.set()
        if thread.ident is not None:
            thread.join()
