"""A Temporal dev server for the tests that need one."""

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    """Runs a coroutine in the event loop of the server, for at most 30 s."""
    with asyncio.Runner() as runner:
        yield lambda coroutine: runner.run(asyncio.wait_for(coroutine, 30))


@pytest.fixture(scope="session")
def client(run: Run) -> Iterator[Client]:
    """Connected to a dev server of this run."""
    cli = shutil.which("temporal")
    assert cli is not None, "these tests need the `temporal` command"
    starting = WorkflowEnvironment.start_local(
        dev_server_existing_path=cli, data_converter=pydantic_data_converter
    )
    environment: WorkflowEnvironment = run(starting)
    yield environment.client
    run(environment.shutdown())
