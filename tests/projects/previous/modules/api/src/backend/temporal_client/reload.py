"""Runs a module like `python -m`; in development, restarts it on changes.

    python -m app.temporal_client.reload app.worker
    python -m app.temporal_client.reload uvicorn app.main:app --port 3030

With `TEMPORAL_RELOAD=true` the module is restarted when a Python file of the service
changes, or when the requirements change; those are installed first. Otherwise the
module replaces this process.
"""

import hashlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from watchfiles import PythonFilter, watch

from .errors import ConfigurationError
from .process import configure_logging
from .settings import TemporalSettings, is_reload_on

# Not `__name__`: that is `__main__` here.
_MODULE = f"{__package__}.reload"

logger = logging.getLogger(_MODULE)

POLL_MILLISECONDS = 200
"""Interval between checks of the requirements and the process."""

QUIET_MILLISECONDS = 200
"""Time without further changes before the process is restarted."""

STOP_LEEWAY = 10.0
"""Seconds to stop in, beyond the graceful shutdown timeout."""

FIRST_PAUSE = 0.5
"""Seconds before a process that ended is restarted; doubled each time."""

MAX_PAUSE = 15.0
"""Maximum pause before a restart."""

STABLE_AFTER = 30.0
"""Seconds of running after which the pause is reset."""

_IGNORED = {"__pycache__", "node_modules", "tests", "venv"}

Versions = dict[Path, bytes]
"""Files with a hash of their content."""


class Reloader:
    """Keeps one process running, and replaces it after each change."""

    def __init__(self, module: str, arguments: Sequence[str]) -> None:
        """Prepare to run `python -m MODULE ARGUMENTS`."""
        self._name = " ".join([module, *arguments[:1]])
        self._command = [sys.executable, "-m", module, *arguments]
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._restart_at: float | None = None
        self._pause = FIRST_PAUSE
        self._code: Versions = {}
        self._requirements: Versions = {}
        self._stopping = threading.Event()
        self._stop_requested = 0.0

    def run(self) -> int:
        """Run until SIGINT or SIGTERM; return the last exit code."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._request_stop)
        self._requirements = _versions(_requirement_files())
        while not self._stopping.is_set():
            self._watch()
        return self._stop()

    def _watch(self) -> None:
        """Watch until asked to stop, or until a watched folder is replaced."""
        folders = _code_folders()
        identity = _identity(folders)
        self._code = _versions(_code_files(folders))
        # The watcher is set up before the process starts: no change is missed.
        for changes in watch(
            *folders or [Path()],
            watch_filter=PythonFilter(),
            stop_event=self._stopping,
            step=QUIET_MILLISECONDS,
            rust_timeout=POLL_MILLISECONDS,
            yield_on_timeout=True,
            raise_interrupt=False,
        ):
            if self._process is None:
                self._start()
            elif _identity(_code_folders()) != identity:
                self._restart()
                return
            elif (
                self._code_changed(Path(path) for _, path in changes)
                or _versions(_requirement_files()) != self._requirements
            ):
                self._restart()
            else:
                self._check()

    def _code_changed(self, paths: Iterable[Path]) -> bool:
        """Return whether any content changed, and store its hash."""
        changed = False
        for path in paths:
            known = self._code.pop(path, None)
            now = _versions([path])
            self._code.update(now)
            changed |= now.get(path) != known
        return changed

    def _start(self) -> None:
        self._process = subprocess.Popen(
            self._command,
            # Python's bytecode cache may miss a second save within a second.
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        self._started = time.monotonic()
        self._restart_at = None

    def _restart(self) -> None:
        logger.info("Changes found: restarting `%s`", self._name)
        self._pause = FIRST_PAUSE
        self._stop()
        self._install()
        if not self._stopping.is_set():
            self._start()

    def _install(self) -> None:
        """Install the requirements; repeat if they change meanwhile."""
        while not self._stopping.is_set():
            wanted = _versions(_requirement_files())
            if wanted == self._requirements:
                return
            self._requirements = wanted
            uv = os.environ.get("UV")
            if uv is None:
                logger.warning(
                    "The requirements have changed: install them, then restart"
                )
                return
            logger.info("Installing the changed requirements")
            if Path("pyproject.toml").exists():
                command = [uv, "sync", "--no-dev", "--inexact"]
            else:
                command = [uv, "pip", "install", "-r", "requirements.txt"]
            self._process = subprocess.Popen(command)
            while self._process.poll() is None and not self._stopping.is_set():
                time.sleep(POLL_MILLISECONDS / 1000)
            if self._stop() != 0 and not self._stopping.is_set():
                logger.error("The new requirements could not be installed")
            # uv may have written its lock file.
            lock = Path("uv.lock")
            self._requirements.pop(lock, None)
            self._requirements.update(_versions([lock]))

    def _check(self) -> None:
        """Restart a process that exited, after an increasing pause."""
        now = time.monotonic()
        if self._restart_at is not None:
            if now >= self._restart_at:
                self._start()
            return
        code = None if self._process is None else self._process.poll()
        if code is None:
            return
        if now - self._started > STABLE_AFTER:
            self._pause = FIRST_PAUSE
        logger.error(
            "`%s` is not running, so no worker runs here: it ended with exit "
            "code %d. The next try is in %.1f s, or after the next save.",
            self._name,
            code,
            self._pause,
        )
        self._restart_at = now + self._pause
        self._pause = min(self._pause * 2, MAX_PAUSE)

    def _stop(self) -> int:
        """End the process within the time limit; return its exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            limit = _graceful_seconds() + STOP_LEEWAY
            self._process.terminate()
            try:
                self._process.wait(limit)
            except subprocess.TimeoutExpired:
                logger.error("`%s` did not end within %.0f s", self._name, limit)
                self._process.kill()
        code = self._process.wait()
        # For a signal, the exit code that a shell would report.
        return code if code >= 0 else 128 - code

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self._stopping.is_set():
            self._stop_requested = now
            self._stopping.set()
        elif now - self._stop_requested > 1 and self._process is not None:
            # A second request, not the first one forwarded by a parent.
            self._process.kill()


def _code_folders() -> list[Path]:
    """The folders with the service's code; absolute, as in watcher events."""
    here = Path.cwd().resolve()
    root = _import_root()
    if root != here or "." not in str(__package__):
        return [root] if root.is_dir() else []
    # The service's folder may also hold large folders without code.
    packages = sorted(file.parent for file in here.glob("*/__init__.py"))
    own = here / str(__package__).partition(".")[0]
    return [folder for folder in {*packages, own} if _is_code(folder)]


def _import_root() -> Path:
    """The folder from which the service's modules are imported."""
    root = Path(__file__).resolve().parents[str(__package__).count(".") + 1]
    return Path.cwd().resolve() if "site-packages" in root.parts else root


def _code_files(folders: Iterable[Path]) -> Iterable[Path]:
    for top in folders:
        for folder, children, files in os.walk(top):
            children[:] = [name for name in children if _is_code(Path(name))]
            yield from (Path(folder, name) for name in files if name.endswith(".py"))


def _is_code(folder: Path) -> bool:
    return not folder.name.startswith(".") and folder.name not in _IGNORED


def _requirement_files() -> list[Path]:
    return [Path(name) for name in ("pyproject.toml", "uv.lock", "requirements.txt")]


def _identity(folders: Iterable[Path]) -> Mapping[Path, tuple[int, int]]:
    """Device and inode, to detect replaced folders."""
    found = {}
    for folder in folders:
        try:
            status = folder.stat()
        except OSError:
            continue
        found[folder] = (status.st_dev, status.st_ino)
    return found


def _versions(files: Iterable[Path]) -> Versions:
    versions = {}
    for file in files:
        try:
            versions[file] = hashlib.sha256(file.read_bytes()).digest()
        except OSError:
            continue
    return versions


def _graceful_seconds() -> float:
    try:
        settings = TemporalSettings.from_env()
    except ConfigurationError:
        settings = TemporalSettings()
    return settings.graceful_shutdown.total_seconds()


def main(arguments: Sequence[str]) -> int:
    """Run the module that the arguments name."""
    if not arguments:
        print(f"usage: python -m {_MODULE} MODULE [ARGUMENT ...]")
        return 2
    try:
        reload = is_reload_on()
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 2
    if not reload:
        os.execv(sys.executable, [sys.executable, "-m", *arguments])
    configure_logging()
    # Otherwise it logs every change again.
    logging.getLogger("watchfiles.main").setLevel(logging.WARNING)
    return Reloader(arguments[0], arguments[1:]).run()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
