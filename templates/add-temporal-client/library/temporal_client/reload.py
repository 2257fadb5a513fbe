"""Runs a module like `python -m`; in development, restarts it on changes.

    python -m app.temporal_client.reload app.worker
    python -m app.temporal_client.reload uvicorn app.main:app --port 3030

With `TEMPORAL_RELOAD=true` the module is restarted when a Python file of the service
changes, or when the requirements change; those are installed first. Otherwise the
module replaces this process.
"""

import contextlib
import functools
import hashlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from .errors import ConfigurationError
from .process import configure_logging
from .settings import TemporalSettings

# Not `__name__`: that is `__main__` here.
_MODULE = f"{__package__}.reload"

logger = logging.getLogger(_MODULE)

INTERVAL = 0.3
"""Seconds between two looks at the files; also how long they must be unchanged.

Looking works wherever files are, also in folders that a container shares with another
system, which reports no changes.
"""

KILL_LEEWAY = 10.0
"""Seconds to stop in, beyond the graceful shutdown timeout."""

FIRST_PAUSE = 0.5
"""Seconds before a process that ended is restarted; doubled each time."""

MAX_PAUSE = 15.0
"""Maximum pause before a restart."""

_IGNORED = {"__pycache__", "node_modules", "tests", "venv"}

Contents = dict[str, bytes]
"""Files with a hash of their content."""


class Reloader:
    """Keeps one process running, and replaces it after each change."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        """Prepare to run `python -m MODULE ARGUMENTS`."""
        self._name = " ".join([module, *arguments[:1]])
        self._command = [sys.executable, "-m", module, *arguments]
        self._process: subprocess.Popen[bytes] | None = None
        self._restart_at = 0.0
        self._pause = FIRST_PAUSE
        # Not an Event: its lock is not reentrant. A signal handler that sets it would
        # wait for ever if it interrupts `wait` or another `set`.
        self._stop_requested: float | None = None

    def run(self) -> int:
        """Run until SIGINT or SIGTERM; return the last exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._request_stop)
        code, requirements = _code(), _requirements()
        self._keep_running()
        while not self._is_stopping():
            if (_code(), _requirements()) != (code, requirements):
                self._settle()
                logger.info("Changes found: restarting `%s`", self._name)
                self._stop()
                requirements = self._install(requirements)
                if self._is_stopping():
                    break
                code = _code()
                self._pause, self._restart_at = FIRST_PAUSE, 0.0
            self._keep_running()
            time.sleep(INTERVAL)
        return self._stop()

    def _settle(self) -> None:
        """Wait until a change of several files is complete."""
        before = None
        while before != (before := (_code(), _requirements())):
            time.sleep(INTERVAL)

    def _keep_running(self) -> None:
        """Start the process, or again after a pause if it ended by itself."""
        if self._process is not None and (code := self._process.poll()) is not None:
            logger.error(
                "`%s` is not running, so no worker runs here: it ended with exit "
                "code %d. The next try is in %.1f s, or after the next save.",
                self._name,
                code,
                self._pause,
            )
            self._process = None
            self._restart_at = time.monotonic() + self._pause
            self._pause = min(self._pause * 2, MAX_PAUSE)
        if self._process is None and time.monotonic() >= self._restart_at:
            # Python's bytecode cache may miss a second save within a second.
            env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
            self._process = subprocess.Popen(self._command, env=env)

    def _install(self, installed: Contents) -> Contents:
        """Install the requirements if they have changed, also meanwhile."""
        while not self._is_stopping():
            wanted = _requirements()
            if wanted == installed:
                break
            uv = os.environ.get("UV")
            if uv is None:
                logger.warning("Install the changed requirements, then restart")
                return wanted
            logger.info("Installing the changed requirements")
            if Path("pyproject.toml").exists():
                command = [uv, "sync", "--no-dev", "--inexact"]
            else:
                command = [uv, "pip", "install", "-r", "requirements.txt"]
            self._process = subprocess.Popen(command)
            while self._process.poll() is None and not self._is_stopping():
                time.sleep(INTERVAL)
            if self._stop() != 0 and not self._is_stopping():
                logger.error("The new requirements could not be installed")
            # uv may have written its lock file.
            installed = {**wanted, **_contents(["uv.lock"])}
        return installed

    def _stop(self) -> int:
        """End the process within the time limit; return its exit code."""
        process = self._process
        if process is None:
            return 0
        if process.poll() is None:
            limit = _graceful_seconds() + KILL_LEEWAY
            process.terminate()
            try:
                process.wait(limit)
            except subprocess.TimeoutExpired:
                logger.error("`%s` did not end within %.0f s", self._name, limit)
                process.kill()
        code = process.wait()
        self._process = None
        # For a signal, the exit code that a shell would report.
        return code if code >= 0 else 128 - code

    def _request_stop(self, *_: object) -> None:
        now = time.monotonic()
        if self._stop_requested is None:
            self._stop_requested = now
        elif now - self._stop_requested > 1 and self._process is not None:
            # A second request, not the first one forwarded by a parent.
            self._process.kill()

    def _is_stopping(self) -> bool:
        return self._stop_requested is not None


def _code() -> Contents:
    """The Python files of the service."""
    here = Path.cwd().resolve()
    root = Path(__file__).resolve().parents[str(__package__).count(".") + 1]
    if "site-packages" in root.parts:
        root = here
    tops = [root]
    if root == here and "." in str(__package__):
        # The service's folder may also hold large folders without code.
        own = here / str(__package__).partition(".")[0]
        tops = sorted({own, *(file.parent for file in here.glob("*/__init__.py"))})
    return _contents(path for top in tops if _is_code(top.name) for path in _walk(top))


def _walk(top: Path) -> Iterator[str]:
    for folder, children, files in os.walk(top):
        children[:] = [name for name in children if _is_code(name)]
        yield from (os.path.join(folder, name) for name in files if name[-3:] == ".py")


def _is_code(folder: str) -> bool:
    return not folder.startswith(".") and folder not in _IGNORED


def _requirements() -> Contents:
    return _contents(["pyproject.toml", "uv.lock", "requirements.txt"])


def _contents(paths: Iterable[str]) -> Contents:
    contents = {}
    for path in paths:
        with contextlib.suppress(OSError):
            status = os.stat(path)
            version = (status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
            contents[path] = _hash(path, version, status.st_size)
    return contents


@functools.lru_cache(maxsize=100_000)
def _hash(path: str, _version: tuple[int, int, int], _size: int) -> bytes:
    """Read a file again only if it was changed or replaced."""
    return hashlib.sha256(Path(path).read_bytes()).digest()


def _graceful_seconds() -> float:
    try:
        return TemporalSettings.from_env().graceful_shutdown_seconds
    except ConfigurationError:
        return TemporalSettings().graceful_shutdown_seconds


def main(arguments: Sequence[str]) -> int:
    """Run the module that the arguments name."""
    if not arguments:
        sys.stderr.write(f"usage: python -m {_MODULE} MODULE [ARGUMENT ...]\n")
        return 2
    try:
        reload = TemporalSettings.from_env().reload
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not reload:
        os.execv(sys.executable, [sys.executable, "-m", *arguments])
    configure_logging()
    return Reloader(arguments[0], arguments[1:]).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
