"""Runs a module like `python -m`, and in development again after each change.

    python -m temporal_client.reload backend.worker
    python -m temporal_client.reload uvicorn backend.main:app --port 3030

With `DEV_MODE=true` the module is restarted when a Python file below `src` changes, and
when `pyproject.toml` or `uv.lock` changes, after the requirements have been installed.
Otherwise this process becomes the module's process.
"""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from watchfiles import PythonFilter, watch

from .errors import ConfigurationError
from .process import configure_logging
from .settings import TemporalSettings, is_dev_mode

# Not `__name__`: that is `__main__` here.
logger = logging.getLogger("temporal_client.reload")

CODE = (Path("src"), Path("clients"))
"""The folders that are watched, those that exist."""

REQUIREMENTS = (Path("pyproject.toml"), Path("uv.lock"))
"""The files that say what has to be installed."""

POLL_MILLISECONDS = 200
"""Time between two looks at the requirements and at the process."""

STOP_LEEWAY = 10.0
"""Seconds that the process may take to end, beyond the time its activities have."""

STABLE_AFTER = 30.0
"""Seconds of running after which a process that ends is restarted at once."""


class Reloader:
    """Keeps one process running, and replaces it after each change."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        """Prepare to run `python -m MODULE ARGUMENTS`."""
        self._module = module
        self._command = [sys.executable, "-m", module, *arguments]
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._reported = False
        self._requirements = _requirements()
        self._stopping = threading.Event()
        self._stop_requested = 0.0

    def run(self) -> int:
        """Run until SIGINT or SIGTERM, and return the last process's exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._request_stop)
        folders = [folder for folder in CODE if folder.is_dir()]
        # The watcher is set up before the process starts, so that no change is missed.
        for changes in watch(
            *folders or [Path()],
            watch_filter=PythonFilter(),
            stop_event=self._stopping,
            rust_timeout=POLL_MILLISECONDS,
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            if self._process is None:
                self._start()
            elif changes or _requirements() != self._requirements:
                self._restart()
            else:
                self._check()
        return self._stop()

    def _start(self) -> None:
        self._process = subprocess.Popen(self._command)
        self._started = time.monotonic()
        self._reported = False

    def _restart(self) -> None:
        logger.info("Changes found: restarting `%s`", self._module)
        self._stop()
        if _requirements() != self._requirements:
            _install()
            self._requirements = _requirements()
        if not self._stopping.is_set():
            self._start()

    def _check(self) -> None:
        """Report a process that has ended; restart it if it ran well before."""
        if self._process is None or self._reported:
            return
        code = self._process.poll()
        if code is None:
            return
        if time.monotonic() - self._started > STABLE_AFTER:
            logger.error("`%s` ended with code %d: restarting it", self._module, code)
            self._start()
            return
        self._reported = True
        logger.error(
            "`%s` is not running, so no worker runs here: it ended with exit code %d. "
            "Fix the error above and save the file: that starts it again.",
            self._module,
            code,
        )

    def _stop(self) -> int:
        """End the process, within the time set for it, and return its exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            limit = _graceful_seconds() + STOP_LEEWAY
            self._process.terminate()
            try:
                self._process.wait(limit)
            except subprocess.TimeoutExpired:
                logger.error("`%s` did not end within %.0f s", self._module, limit)
                self._process.kill()
        code = self._process.wait()
        # As a shell reports a process that was ended by a signal.
        return code if code >= 0 else 128 - code

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self._stopping.is_set():
            self._stop_requested = now
            self._stopping.set()
        elif now - self._stop_requested > 1 and self._process is not None:
            # A second request, and not the first one forwarded by another process.
            self._process.kill()


def _requirements() -> list[tuple[int, int]]:
    """What tells one version of the requirements from another."""
    versions = []
    for file in REQUIREMENTS:
        try:
            status = file.stat()
        except OSError:
            versions.append((0, 0))
        else:
            versions.append((status.st_mtime_ns, status.st_size))
    return versions


def _install() -> None:
    """Install changed requirements with uv, if uv has started this process."""
    uv = os.environ.get("UV")
    if uv is None:
        logger.warning("The requirements have changed: install them and restart this")
        return
    logger.info("Installing the changed requirements")
    result = subprocess.run([uv, "sync", "--no-dev", "--inexact"])
    if result.returncode != 0:
        logger.error("`uv sync` failed: going on with what is installed")


def _graceful_seconds() -> float:
    try:
        return TemporalSettings.from_env().graceful_shutdown.total_seconds()
    except ConfigurationError:
        return TemporalSettings().graceful_shutdown.total_seconds()


def main(arguments: Sequence[str]) -> int:
    """Run the module that the arguments name."""
    if not arguments:
        print("usage: python -m temporal_client.reload MODULE [ARGUMENT ...]")
        return 2
    try:
        dev_mode = is_dev_mode()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    if not dev_mode:
        os.execv(sys.executable, [sys.executable, "-m", *arguments])
    configure_logging()
    # It would report each change a second time.
    logging.getLogger("watchfiles.main").setLevel(logging.WARNING)
    return Reloader(arguments[0], arguments[1:]).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
