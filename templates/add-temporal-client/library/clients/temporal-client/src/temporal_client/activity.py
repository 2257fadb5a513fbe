"""Helpers for activities."""

import contextvars
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import activity

HEARTBEATS_PER_TIMEOUT = 3
"""How many heartbeats are sent in the time after which a silent activity has failed."""


def idempotency_key() -> str:
    """A key that is the same for every attempt of an activity, and unique to it.

    A service that is given it does what it is asked only once.
    """
    info = activity.info()
    return f"{info.workflow_id}/{info.workflow_run_id}/{info.activity_id}"


@contextmanager
def heartbeating() -> Iterator[None]:
    """Send heartbeats while the block runs, so that a dead worker is noticed soon.

    For activities written with `def`. They say that this process lives, not that the
    block makes progress: what may hang needs a timeout of its own. When the execution
    is cancelled, the answer to a heartbeat interrupts the activity.
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
        # Cancellation interrupts the activity's thread at any point but in here.
        with activity.shield_thread_cancel_exception():
            thread.start()
        yield
    finally:
        ended.set()
        if thread.ident is not None:
            thread.join()
