"""Runs each probe on a Temporal server, and prints what the SDK's sandbox does.

Usage: run_probes.py ADDRESS FOLDER, where FOLDER has a package `cases` with a package for
each group of probes, and in it one for each probe.
"""

import asyncio
import importlib
import inspect
import logging
import os
import sys
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowQueryFailedError
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Worker

INPUTS: dict[str, Any] = {
    "str": "eu",
    "Entry": {},
    "Order": {"lines": [{}], "tags": ["a"]},
}
"""The input of each type of parameter."""


def outcome_of(error: BaseException) -> str:
    """The innermost cause in a few words."""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    kind = getattr(cause, "type", None) or type(cause).__name__
    if kind == "RestrictedWorkflowAccessError":
        return "refused"
    if not getattr(cause, "message", str(cause)):
        return f"{kind} without a message"
    return str(kind)


async def run(client: Client, name: str, module: Any, activities: list[Any]) -> str:
    if module is None:
        return "not loaded"
    probe = module.Probe
    signature = inspect.signature(probe.run)
    parameters = list(signature.parameters.values())[1:]
    arguments = [
        INPUTS[getattr(p.annotation, "__name__", str(p.annotation))] for p in parameters
    ]
    try:
        worker = Worker(
            client,
            task_queue=name,
            workflows=[probe],
            activities=activities,
            workflow_failure_exception_types=[Exception],
            graceful_shutdown_timeout=timedelta(0),
        )
    except Exception as error:
        return "not loaded" if "Failed validating" in str(error) else outcome_of(error)
    async with worker:
        handle = await client.start_workflow(
            "Probe",
            args=arguments,
            id=name,
            task_queue=name,
            execution_timeout=timedelta(seconds=60),
        )
        try:
            if hasattr(probe, "poke"):
                await handle.signal("poke", 1.0)
            await handle.result()
            if hasattr(probe, "age"):
                await handle.query("age")
        except WorkflowFailureError as error:
            return outcome_of(error)
        except WorkflowQueryFailedError as error:
            # The server passes only the message on.
            is_refused = "from inside a workflow" in str(error)
            return "refused" if is_refused else outcome_of(error)
    return "runs"


def load(package: str) -> tuple[Any, list[Any]]:
    """The module of a probe, `None` if it has a syntax error, and the activities that it executes."""
    try:
        module = importlib.import_module(f"{package}.workflow")
    except SyntaxError:
        return None, []
    try:
        activities = importlib.import_module(f"{package}.activities")
    except ModuleNotFoundError:
        return module, []
    return module, activities.ACTIVITIES


async def main(address: str, folder: Path) -> None:
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(folder))
    client = await Client.connect(address, data_converter=pydantic_data_converter)
    limit = asyncio.Semaphore(8)
    names = [
        f"{path.parent.parent.name}/{path.parent.name}"
        for path in (folder / "cases").glob("*/*/workflow.py")
    ]

    # The sandbox replaces the import system while a workflow runs: import before that.
    loaded = {name: load(f"cases.{name.replace('/', '.')}") for name in names}

    async def result_of(name: str) -> tuple[str, str]:
        async with limit:
            return name, await run(client, name, *loaded[name])

    for name, outcome in sorted(await asyncio.gather(*map(result_of, names))):
        print(f"{name}\t{outcome}")


asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
# Without the shutdown of the interpreter: a thread of the SDK that still has to release the GIL
# would make it abort ("PyGILState_Release: thread state must be current when releasing").
sys.stdout.flush()
os._exit(0)
