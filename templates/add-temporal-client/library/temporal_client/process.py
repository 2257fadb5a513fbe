"""Runs a worker in its own process."""

import asyncio
import contextlib
import importlib
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any, NoReturn

from temporalio import activity, workflow
from temporalio.client import Plugin

from .errors import ConfigurationError
from .health import State
from .service import STOP_LEEWAY, Temporal
from .settings import TemporalSettings

logger = logging.getLogger(__name__)


def run_worker(
    settings: Callable[[], TemporalSettings],
    *,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]],
    dependencies: Callable[[], AbstractAsyncContextManager[Any]] = nullcontext,
    plugins: Sequence[Plugin] = (),
) -> NoReturn:
    """Run a worker until SIGINT or SIGTERM, then end this process.

    The exit code is 0 after a signal, 2 if a setting is invalid or no workflow is
    registered, and 1 if the worker failed otherwise or activities did not end in
    time. A second signal ends the process immediately.
    """
    configure_logging()
    temporal = Temporal(
        settings,
        workflows=workflows,
        activities=activities,
        dependencies=dependencies,
        plugins=plugins,
        standalone=True,
    )
    code = 1
    try:
        if not workflows:
            raise ConfigurationError(
                "no workflow is registered: `bluetext add-temporal-workflow NAME` adds "
                "one"
            )
        factory = None
        with contextlib.suppress(ImportError):
            factory = importlib.import_module("uvloop").new_event_loop
        # Never closed, because that would wait for blocked threads and activities.
        runner = asyncio.Runner(loop_factory=factory)
        code = runner.run(_work(temporal, settings()))
    except ConfigurationError as error:
        logger.error("%s", error)
        code = 2
    except KeyboardInterrupt:
        code = 130
    except Exception:
        logger.exception("The worker failed")
    finally:
        _exit(code)


def _exit(code: int) -> NoReturn:
    """End the process at once.

    The interpreter's shutdown waits for blocked threads, and may crash while it stops
    those of the SDK's core ("PyGILState_Release", exit code 134).
    """
    try:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


async def _work(temporal: Temporal, settings: TemporalSettings) -> int:
    working = await temporal.start()
    loop = asyncio.get_running_loop()
    limit = settings.graceful_shutdown_seconds + STOP_LEEWAY
    requested = 0.0

    def give_up() -> None:
        logger.error("Activities still run: Temporal retries them after a timeout")
        _exit(1)

    # Not a handler of the event loop, which an activity may block.
    def stop(number: int, _: object) -> None:
        nonlocal requested
        if not requested:
            requested = time.monotonic()
            loop.call_soon_threadsafe(working.cancel)
            # The second one ends the process if the first one waits for a lock.
            for seconds, end in ((limit, give_up), (limit + 0.5, lambda: os._exit(1))):
                timer = threading.Timer(seconds, end)
                timer.daemon = True
                timer.start()
        elif time.monotonic() - requested > 1:
            # A second signal, not the first one forwarded by the parent process.
            os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    if settings.health_address is not None:
        await _serve_health(temporal, settings.health_address)
    await asyncio.wait({working})
    if requested:
        return 0
    return 2 if temporal.health().state is State.MISCONFIGURED else 1


class JsonFormatter(logging.Formatter):
    """Formats a record as a line of JSON, with the execution that it belongs to."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = f"{record.msg} {record.args!r}"
        line: dict[str, Any] = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": message,
        }
        if workflow.in_workflow():
            known = vars(workflow.info())
        elif activity.in_activity():
            known = vars(activity.info())
        else:  # The SDK's own records are also made outside of workflow code.
            known = getattr(record, "temporal_workflow", {})
        run_id = known.get("run_id") or known.get("workflow_run_id")
        known = {**known, "run_id": run_id}
        keys = ("workflow_id", "workflow_type", "run_id", "activity_type", "attempt")
        line |= {key: known[key] for key in keys if known.get(key)}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure_logging() -> None:
    """Log to stderr at the level in `LOG_LEVEL`, as JSON if `LOG_FORMAT` is `json`."""
    handler = logging.StreamHandler()
    layout = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    handler.setFormatter(logging.Formatter(layout))
    if os.environ.get("LOG_FORMAT", "").lower() == "json":
        handler.setFormatter(JsonFormatter())
        # These have the same values, as text at the end of the message.
        workflow.logger.workflow_info_on_message = False
        activity.logger.activity_info_on_message = False
        # What else writes to stderr.
        logging.captureWarnings(True)
        threading.excepthook = _log_thread
        for name in ("uvicorn", "uvicorn.access"):
            logging.getLogger(name).handlers.clear()
            logging.getLogger(name).propagate = True
    level = os.environ.get("LOG_LEVEL", "").upper()
    levels = logging.getLevelNamesMapping()
    logging.basicConfig(level=levels.get(level, logging.INFO), handlers=[handler])


def _log_thread(failed: threading.ExceptHookArgs) -> None:
    name = failed.thread and failed.thread.name
    logger.error("The thread %s failed", name, exc_info=failed.exc_value)


async def _serve_health(temporal: Temporal, address: str) -> None:
    """Answer `GET /live` while the event loop runs, and `GET /ready` if it polls."""

    async def answer(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        # What an invalid request, or a client that goes away, raises.
        with contextlib.suppress(
            EOFError, IndexError, OSError, asyncio.LimitOverrunError
        ):
            async with asyncio.timeout(5):
                request = await reader.readuntil(b"\r\n\r\n")
            path = request.split(maxsplit=2)[1].partition(b"?")[0]
            health = temporal.health()
            is_ready = health.polling and health.state is State.CONNECTED
            known = {b"/live": "200 OK"}
            known[b"/ready"] = "200 OK" if is_ready else "503 Service Unavailable"
            body = json.dumps(health.as_dict())
            lines = [
                f"HTTP/1.1 {known.get(path, '404 Not Found')}",
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
                "Connection: close",
            ]
            writer.write("\r\n".join([*lines, "", body]).encode())
            await writer.drain()
        writer.close()

    host, _, port = address.rpartition(":")
    try:
        await asyncio.start_server(answer, host or "0.0.0.0", int(port))
    except (OSError, OverflowError, ValueError) as error:
        raise ConfigurationError(
            f"TEMPORAL_HEALTH_ADDRESS is `{address}` (IP:PORT): {error}"
        ) from error
