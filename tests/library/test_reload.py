"""A module runs in its own process and is restarted after changes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import temporal_client

JOB = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with open("runs", "a") as runs:
    runs.write("NAME\\n")
time.sleep(60)
"""


@contextmanager
def reloader(folder: Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m temporal_client.reload job`, with the module in `src`."""
    with (folder / "log").open("w") as log_file:
        process = subprocess.Popen(
            [sys.executable, "-m", "temporal_client.reload", "job"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": "src", **env},
            stderr=log_file,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def copy_library(folder: Path) -> None:
    """Put the library beside the module, as in a service."""
    library = folder / "src/temporal_client"
    if not library.exists():
        shutil.copytree(
            Path(temporal_client.__file__).parent,
            library,
            ignore=shutil.ignore_patterns("__pycache__"),
        )


def write(folder: Path, name: str) -> None:
    copy_library(folder)
    (folder / "src/job.py").write_text(JOB.replace("NAME", name))


def wait_until(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.02)


def runs(folder: Path) -> list[str]:
    file = folder / "runs"
    return file.read_text().split() if file.exists() else []


def log(folder: Path) -> str:
    return (folder / "log").read_text()


def test_a_change_restarts_and_a_broken_one_heals(tmp_path: Path) -> None:
    write(tmp_path, "first")
    with reloader(tmp_path, TEMPORAL_RELOAD="true") as process:
        wait_until(lambda: runs(tmp_path) == ["first"])
        write(tmp_path, "second")
        wait_until(lambda: runs(tmp_path) == ["first", "second"])
        (tmp_path / "src/job.py").write_text("def broken(:\n")
        wait_until(lambda: "is not running" in log(tmp_path))
        assert "no worker runs here: it ended with exit code 1" in log(tmp_path)
        write(tmp_path, "third")
        wait_until(lambda: runs(tmp_path)[2:] == ["third"])
        (tmp_path / "pyproject.toml").write_text("")
        wait_until(lambda: runs(tmp_path)[3:] == ["third"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_the_same_content_is_no_change(tmp_path: Path) -> None:
    write(tmp_path, "first")
    with reloader(tmp_path, TEMPORAL_RELOAD="true"):
        wait_until(lambda: runs(tmp_path) == ["first"])
        write(tmp_path, "first")
        time.sleep(1)
        # Same length, within a second: Python's bytecode cache would miss it.
        write(tmp_path, "third")
        wait_until(lambda: runs(tmp_path)[1:] == ["third"])


def test_a_process_that_ends_is_started_again(tmp_path: Path) -> None:
    copy_library(tmp_path)
    (tmp_path / "src/job.py").write_text('open("runs", "a").write("run\\n")\n')
    with reloader(tmp_path, TEMPORAL_RELOAD="true"):
        wait_until(lambda: len(runs(tmp_path)) == 3)
    assert log(tmp_path).count("it ended with exit code 0") >= 2


def test_a_folder_that_is_replaced_is_watched_again(tmp_path: Path) -> None:
    write(tmp_path, "first")
    with reloader(tmp_path, TEMPORAL_RELOAD="true"):
        wait_until(lambda: runs(tmp_path) == ["first"])
        (tmp_path / "src").rename(tmp_path / "old")
        write(tmp_path, "second")
        wait_until(lambda: runs(tmp_path)[1:] == ["second"])
        write(tmp_path, "third")
        wait_until(lambda: runs(tmp_path)[2:] == ["third"])


def test_requirements_that_change_during_an_install_are_installed(
    tmp_path: Path,
) -> None:
    write(tmp_path, "job")
    uv = tmp_path / "uv"
    # What it has read is there before the file that shows it.
    uv.write_text("#!/bin/sh\ncp pyproject.toml seen\ncat seen >> installed\nsleep 1\n")
    uv.chmod(0o755)
    requirements = tmp_path / "pyproject.toml"
    installed = tmp_path / "installed"
    with reloader(tmp_path, TEMPORAL_RELOAD="true", UV=str(uv)) as process:
        wait_until(lambda: runs(tmp_path) == ["job"])
        requirements.write_text("one ")
        wait_until(installed.exists)
        requirements.write_text("two ")
        wait_until(lambda: runs(tmp_path) == ["job", "job"])
        assert installed.read_text() == "one two "
        # On SIGTERM, it does not wait for an install.
        uv.write_text("#!/bin/sh\ntouch begun\nexec sleep 60\n")
        requirements.write_text("three ")
        wait_until((tmp_path / "begun").exists)
        process.send_signal(signal.SIGTERM)
        process.wait(10)


def test_signals_that_arrive_together_stop_it(tmp_path: Path) -> None:
    """A terminal signals the whole group, and `uv run` forwards the signal."""
    write(tmp_path, "job")
    with ExitStack() as stack:
        processes = [
            stack.enter_context(reloader(tmp_path, TEMPORAL_RELOAD="true"))
            for _ in range(12)
        ]
        wait_until(lambda: len(runs(tmp_path)) == len(processes))
        for process in processes:
            for _ in range(400):
                process.send_signal(signal.SIGTERM)
        # Python resets its handlers before it ends: then a late signal ends the process.
        ends = {process.wait(30) for process in processes}
        assert ends <= {0, -signal.SIGTERM}


def test_without_it_this_becomes_the_module(tmp_path: Path) -> None:
    write(tmp_path, "only")
    with reloader(tmp_path, TEMPORAL_RELOAD="") as process:
        wait_until(lambda: runs(tmp_path) == ["only"])
        write(tmp_path, "ignored")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert runs(tmp_path) == ["only"]


def test_an_invalid_setting_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "never")
    with reloader(tmp_path, TEMPORAL_RELOAD="maybe") as process:
        assert process.wait(30) == 2
    assert runs(tmp_path) == []


def test_a_change_of_several_files_is_one_restart(tmp_path: Path) -> None:
    write(tmp_path, "first")
    other = tmp_path / "src/other.py"
    with reloader(tmp_path, TEMPORAL_RELOAD="true"):
        wait_until(lambda: runs(tmp_path) == ["first"])
        for number in range(8):
            other.write_text(f"NUMBER = {number}\n")
            time.sleep(0.1)
        write(tmp_path, "second")
        wait_until(lambda: runs(tmp_path)[1:] == ["second"])
        time.sleep(1)
    assert runs(tmp_path) == ["first", "second"]
