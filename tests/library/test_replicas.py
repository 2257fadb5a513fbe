"""Worker processes are restarted and stopped together."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from temporal_client.replicas import replica_environment, run_replicas


def test_each_process_serves_metrics_on_its_own_port() -> None:
    given = {"TEMPORAL_METRICS_ADDRESS": ":9000", "TEMPORAL_WORKER_PROCESSES": "3"}
    assert replica_environment(given, 2) == {
        "TEMPORAL_METRICS_ADDRESS": ":9002",
        "TEMPORAL_WORKER_PROCESSES": "1",
    }
    assert replica_environment({}, 2) == {"TEMPORAL_WORKER_PROCESSES": "1"}


def test_one_that_is_killed_is_started_again_and_all_end_together(
    tmp_path: Path,
) -> None:
    # Writes its process ID, waits for SIGTERM.
    program = f"""
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
(pathlib.Path({str(tmp_path)!r}) / str(os.getpid())).touch()
time.sleep(60)
"""

    def started() -> list[int]:
        return sorted(int(path.name) for path in tmp_path.iterdir())

    async def wait_for(count: int) -> None:
        for _ in range(1500):
            if len(started()) >= count:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{count} processes were not started")

    async def scenario() -> int:
        replicas = asyncio.create_task(run_replicas(2, [sys.executable, "-c", program]))
        await wait_for(2)
        os.kill(started()[0], signal.SIGKILL)
        await wait_for(3)
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(30):
            return await replicas

    assert asyncio.run(scenario()) == 0


def test_what_cannot_be_started_again_leaves_nothing_behind(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text('#!/bin/sh\ntouch "$1/$$"\nexec sleep 60\n')
    program.chmod(0o755)
    pids = tmp_path / "pids"
    pids.mkdir()

    async def scenario() -> tuple[int, list[int]]:
        replicas = asyncio.create_task(run_replicas(2, [str(program), str(pids)]))
        for _ in range(1500):
            started = [int(path.name) for path in pids.iterdir()]
            if len(started) == 2:
                break
            await asyncio.sleep(0.02)
        program.unlink()
        os.kill(started[0], signal.SIGKILL)
        await asyncio.sleep(1)
        assert not replicas.done()
        os.kill(os.getpid(), signal.SIGTERM)
        async with asyncio.timeout(30):
            return await replicas, started

    code, started = asyncio.run(scenario())
    assert code == 0
    for pid in started:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_wrong_setting_ends_all() -> None:
    program = "import sys; sys.exit(2)"
    assert asyncio.run(run_replicas(2, [sys.executable, "-c", program])) == 2
