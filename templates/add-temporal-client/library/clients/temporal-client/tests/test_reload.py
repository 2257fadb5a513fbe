"""A module is restarted after each change, as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

JOB = """
import os, signal, sys, time
with open("runs", "a") as runs:
    runs.write("NAME\\n")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
time.sleep(60)
"""


@contextmanager
def reloader(folder: Path, **env: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m temporal_client.reload job`, with the module in `src`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "temporal_client.reload", "job"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": "src", **env},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def write(folder: Path, name: str) -> None:
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src/job.py").write_text(JOB.replace("NAME", name))


def wait_until(ready: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < until
        time.sleep(0.02)


def runs(folder: Path) -> list[str]:
    file = folder / "runs"
    return file.read_text().split() if file.exists() else []


def test_a_change_restarts_and_a_broken_one_heals(tmp_path: Path) -> None:
    write(tmp_path, "first")
    with reloader(tmp_path, DEV_MODE="true") as process:
        wait_until(lambda: runs(tmp_path) == ["first"])
        write(tmp_path, "second")
        wait_until(lambda: runs(tmp_path) == ["first", "second"])
        (tmp_path / "src/job.py").write_text("def broken(:\n")
        assert process.stderr is not None
        line = ""
        while "is not running" not in line:
            line = process.stderr.readline()
            assert line, "it ended without a word"
        assert "no worker runs here: it ended with exit code 1" in line
        write(tmp_path, "third")
        wait_until(lambda: runs(tmp_path)[2:] == ["third"])
        (tmp_path / "pyproject.toml").write_text("")
        wait_until(lambda: runs(tmp_path)[3:] == ["third"])
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_without_development_it_becomes_the_module(tmp_path: Path) -> None:
    write(tmp_path, "only")
    with reloader(tmp_path, DEV_MODE="") as process:
        wait_until(lambda: runs(tmp_path) == ["only"])
        write(tmp_path, "ignored")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert runs(tmp_path) == ["only"]


def test_a_setting_that_means_nothing_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "never")
    with reloader(tmp_path, DEV_MODE="maybe") as process:
        assert process.wait(30) == 2
    assert runs(tmp_path) == []
