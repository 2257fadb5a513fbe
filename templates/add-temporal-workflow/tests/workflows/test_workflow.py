"""The workflow on a server of the test's own, its activity alone, and a replay."""

{{ standard_imports }}

import pytest
from temporal_client import TemporalSettings, new_worker
from temporalio import activity
from temporalio.client import {% if required_field %}WorkflowFailureError, {% endif %}WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment
from temporalio.worker import Replayer

{{ imports }}

pytestmark = pytest.mark.asyncio(loop_scope="session")

{{ input_sample }}
{{ output_sample }}


async def execute(
    environment: WorkflowEnvironment,
    input: Any = INPUT,
    process: Callable[..., Any] = activities.{{ activity }},
) -> WorkflowHandle[Any, Any]:
    """Run the workflow to its end, on a worker that is set up as in production."""
    settings = TemporalSettings(task_queue=f"test-{uuid4()}")
    async with new_worker(
        environment.client,
        settings,
        workflows=[{{ workflow_class }}],
        activities=[process],
    ):
        handle = await environment.client.start_workflow(
            "{{ workflow_class }}",
            input,
            id=f"test-{uuid4()}",
            task_queue=settings.task_queue,
            result_type={{ output_class }},
        )
        await handle.result()
    return handle


async def test_runs_and_replays(environment: WorkflowEnvironment) -> None:
    handle = await execute(environment)

    assert isinstance(await handle.result(), {{ output_class }})
    replayer = Replayer(
        workflows=[{{ workflow_class }}],
        data_converter=pydantic_data_converter,
    )
    await replayer.replay_workflow(await handle.fetch_history())


async def test_tries_a_failed_activity_again(environment: WorkflowEnvironment) -> None:
    attempts = 0

{{ mock_decorator }}
{{ mock_signature }}
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise ConnectionError("the first attempt fails")
        return OUTPUT

    handle = await execute(environment, process=process)

    assert await handle.result() == OUTPUT
    assert attempts == 2
{% if required_field %}


async def test_wrong_input_fails_at_once(environment: WorkflowEnvironment) -> None:
    with pytest.raises(WorkflowFailureError) as failure:
        await execute(environment, input={})

    assert "{{ required_field }}" in str(failure.value.cause)
{% endif %}


async def test_activity_alone() -> None:
    output = ActivityEnvironment().run(activities.{{ activity }}, INPUT)

    assert isinstance(output, {{ output_class }})
