"""A Temporal server for the tests: no network, nothing to start by hand."""

import shutil
{{ sys_import }}import sysconfig
from collections.abc import AsyncIterator
{{ path_import }}
import pytest
import pytest_asyncio
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment
{{ source_on_path }}

@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def environment() -> AsyncIterator[WorkflowEnvironment]:
    """A server of this test run's own, on which time passes as fast as it can."""
    server = shutil.which("temporal-test-server", path=sysconfig.get_path("scripts"))
    if server is None:
        pytest.fail("`temporal-test-server` is missing: run `uv sync`")
    async with await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=server, data_converter=pydantic_data_converter
    ) as environment:
        yield environment
