"""Runs a worker in its own process."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from .errors import ConfigurationError
from .replicas import run_replicas
from .service import Temporal
from .settings import TemporalSettings

logger = logging.getLogger(__name__)


def run_worker(
    settings: Callable[[], TemporalSettings],
    *,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]],
) -> NoReturn:
    """Run a worker until SIGINT or SIGTERM, then end this process.

    If several processes are configured, this one only starts and supervises them.

    The exit code is 0 after a signal, 2 if a setting is invalid or no workflow is
    registered, and 1 if the worker failed otherwise or activities did not end in
    time. A second signal ends the process immediately.
    """
    configure_logging()
    code = 1
    try:
        count = settings().worker_processes
        if count > 1:
            code = asyncio.run(run_replicas(count))
        else:
            code = asyncio.run(_work(settings, workflows, activities))
    except ConfigurationError as error:
        logger.error("%s", error)
        code = 2
    except KeyboardInterrupt:
        code = 130
    except Exception:
        logger.exception("The worker failed")
    finally:
        _leave(code)


def configure_logging() -> None:
    """Log to stderr at the level in `LOG_LEVEL`, by default `INFO`."""
    levels = logging.getLevelNamesMapping()
    logging.basicConfig(
        level=levels.get(os.environ.get("LOG_LEVEL", "").upper(), logging.INFO),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


def _leave(code: int) -> NoReturn:
    """End the process without the interpreter shutdown.

    The shutdown waits for blocked threads, and may crash while it stops those of the
    SDK's core ("PyGILState_Release", exit 134).
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


async def _work(
    settings: Callable[[], TemporalSettings],
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]],
) -> int:
    if not workflows:
        raise ConfigurationError(
            "no workflow is registered: `bluetext add-temporal-workflow NAME` adds one"
        )
    temporal = Temporal(
        settings, workflows=workflows, activities=activities, versioned=True
    )
    loop = asyncio.get_running_loop()
    first: float | None = None

    def give_up() -> None:
        logger.error("activities still run: Temporal retries them after a timeout")
        _leave(1)

    def stop() -> None:
        nonlocal first
        if first is None:
            first = loop.time()
            temporal.request_stop()
            loop.call_later(temporal.stop_timeout, give_up)
        elif loop.time() - first > 1:
            # A second signal, not the first one forwarded by the parent process.
            give_up()

    for number in (signal.SIGINT, signal.SIGTERM):
        # Not available on Windows, where Ctrl-C raises KeyboardInterrupt.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop)
    await temporal.run()
    return 0
