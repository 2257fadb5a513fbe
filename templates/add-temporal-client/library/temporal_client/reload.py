"""Runs a module like `python -m`; in development, restarts it on changes.

    python -m app.temporal_client.reload app.worker
    python -m app.temporal_client.reload uvicorn app.main:app --port 3030

With `TEMPORAL_RELOAD=true` the module is restarted when a Python file of the service
changes, or when the requirements change; those are installed first. Otherwise the
module replaces this process.
"""

import contextlib
import functools
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
from .service import FIRST_PAUSE, MAX_PAUSE
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

_IGNORED = {"__pycache__", "node_modules", "tests", "venv"}

Contents = dict[str, int]
"""Files with a hash of their content."""


class Reloader:
    """Keeps one process running, and replaces it after each change."""

    def __init__(self, arguments: Sequence[str], stop_limit: float) -> None:
        """Prepare to run `python -m` with these arguments."""
        self._name = " ".join(arguments[:2])
        self._command = [sys.executable, "-m", *arguments]
        self._stop_limit = stop_limit
        self._process: subprocess.Popen[bytes] | None = None
        # When a stop was requested. Not an Event: its lock is not reentrant. A signal
        # handler that sets it would wait for ever if it interrupts another `set`.
        self._stopping = 0.0

    def run(self) -> int:
        """Run until SIGINT or SIGTERM; return the last exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._request_stop)
        # Python's bytecode cache may miss a second save within a second.
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        seen, pause, start_at = _look(), FIRST_PAUSE, 0.0
        while not self._stopping:
            if (now := _look()) != seen:
                # A change of several files may not be complete.
                time.sleep(INTERVAL)
                while now != (now := _look()):
                    time.sleep(INTERVAL)
                logger.info("Changes found: restarting `%s`", self._name)
                self._stop()
                requirements = self._install(seen[1])
                seen, pause, start_at = (_code(), requirements), FIRST_PAUSE, 0.0
            if self._process is not None and self._process.poll() is not None:
                logger.error(
                    "`%s` is not running, so no worker runs here: it ended with exit "
                    "code %d. The next try is in %.1f s, or after the next save.",
                    self._name,
                    self._process.returncode,
                    pause,
                )
                self._process, start_at = None, time.monotonic() + pause
                pause = min(pause * 2, MAX_PAUSE)
            is_due = self._process is None and time.monotonic() >= start_at
            if is_due and not self._stopping:
                self._process = subprocess.Popen(self._command, env=env)
            time.sleep(INTERVAL)
        return self._stop()

    def _install(self, installed: Contents) -> Contents:
        """Install the requirements if they have changed, also meanwhile."""
        while not self._stopping and (wanted := _requirements()) != installed:
            uv = os.environ.get("UV")
            if uv is None:
                logger.warning("Install the changed requirements, then restart")
                return wanted
            logger.info("Installing the changed requirements")
            command = ["pip", "install", "-r", "requirements.txt"]
            if Path("pyproject.toml").exists():
                command = ["sync", "--no-dev", "--inexact"]
            self._process = subprocess.Popen([uv, *command])
            while self._process.poll() is None and not self._stopping:
                time.sleep(INTERVAL)
            if self._stop() != 0 and not self._stopping:
                logger.error("The new requirements could not be installed")
            # uv may have written its lock file.
            installed = wanted | _contents(["uv.lock"])
        return installed

    def _stop(self) -> int:
        """End the process within the time limit; return its exit code."""
        if self._process is None:
            return 0
        self._process.terminate()
        try:
            self._process.wait(self._stop_limit)
        except subprocess.TimeoutExpired:
            logger.error("`%s` did not end within %.0f s", self._name, self._stop_limit)
            self._process.kill()
        code = self._process.wait()
        self._process = None
        # For a signal, the exit code that a shell would report.
        return code if code >= 0 else 128 - code

    def _request_stop(self, *_: object) -> None:
        now = time.monotonic()
        if not self._stopping:
            self._stopping = now
        elif now - self._stopping > 1 and self._process is not None:
            # A second request, not the first one forwarded by a parent.
            self._process.kill()


def _look() -> tuple[Contents, Contents]:
    return _code(), _requirements()


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
            times = (status.st_mtime_ns, status.st_ctime_ns)
            contents[path] = _hash(path, status.st_ino, status.st_size, *times)
    return contents


@functools.lru_cache(maxsize=100_000)
def _hash(path: str, *_version: int) -> int:
    """Read a file again only if it was changed or replaced."""
    return hash(Path(path).read_bytes())


def main(arguments: Sequence[str]) -> int:
    """Run the module that the arguments name."""
    if not arguments:
        sys.stderr.write(f"usage: python -m {_MODULE} MODULE [ARGUMENT ...]\n")
        return 2
    try:
        settings = TemporalSettings.from_env()
    except ConfigurationError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    if not settings.reload:
        os.execv(sys.executable, [sys.executable, "-m", *arguments])
    configure_logging()
    limit = settings.graceful_shutdown_seconds + KILL_LEEWAY
    return Reloader(arguments, limit).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
