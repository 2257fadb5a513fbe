"""Starts, supervises and stops several worker processes together."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence

logger = logging.getLogger(__name__)

MISCONFIGURED = 2
"""Exit code of a misconfigured worker: a restart cannot help."""

FIRST_PAUSE = 0.5
"""Seconds before an exited worker is restarted; doubled each time."""

MAX_PAUSE = 15.0
"""Maximum pause before a restart, in seconds."""


def replica_environment(env: Mapping[str, str], index: int) -> dict[str, str]:
    """Return the environment of one process, with its own metrics port."""
    own = {**env, "TEMPORAL_WORKER_PROCESSES": "1"}
    host, separator, port = env.get("TEMPORAL_METRICS_ADDRESS", "").rpartition(":")
    if separator and port.isdecimal():
        own["TEMPORAL_METRICS_ADDRESS"] = f"{host}:{int(port) + index}"
    return own


async def run_replicas(count: int, command: Sequence[str] | None = None) -> int:
    """Run worker processes until SIGINT or SIGTERM, and return an exit code.

    A process that exits is restarted after an increasing pause. If one is
    misconfigured, all are stopped.

    Args:
        count: Number of processes.
        command: The command of each process; by default that of this process.
    """
    replicas = _Replicas(count, command or [sys.executable, *sys.orig_argv[1:]])
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, replicas.stop)
    running = [asyncio.create_task(replicas.keep_running(i)) for i in range(count)]
    try:
        return max(await asyncio.gather(*running))
    finally:
        # If one of them fails, stop the others.
        replicas.stop()
        await asyncio.gather(*running, return_exceptions=True)


class _Replicas:
    def __init__(self, count: int, command: Sequence[str]) -> None:
        self._count = count
        self._command = command
        self._running: set[asyncio.subprocess.Process] = set()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Send SIGTERM to every process, even if sent before."""
        self._stopping.set()
        for process in self._running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()

    async def keep_running(self, index: int) -> int:
        """Run one process, restart it if it exits, and return its last exit code."""
        loop = asyncio.get_running_loop()
        environment = replica_environment(os.environ, index)
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            started = loop.time()
            code = await self._run(environment)
            if self._stopping.is_set():
                # SIGTERM ends a process that has not installed its handler yet.
                return 0 if code == -signal.SIGTERM else min(abs(code), 1)
            if code == MISCONFIGURED:
                self.stop()
                return code
            if loop.time() - started > MAX_PAUSE:
                pause = FIRST_PAUSE
            logger.error(
                "Worker process %d of %d ended with code %d; next try in %.1f s",
                index + 1,
                self._count,
                code,
                pause,
            )
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(pause * 2, MAX_PAUSE)
        return 0

    async def _run(self, environment: Mapping[str, str]) -> int:
        """Run one process to its end, and return its exit code."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, env=environment
            )
        except OSError as error:
            logger.error("A worker process could not be started: %s", error)
            return 1
        self._running.add(process)
        if self._stopping.is_set():
            process.terminate()
        code = await process.wait()
        self._running.discard(process)
        return code
