"""Tests the workflow on a test server, its activities, and a replay."""

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import WorkflowFailureError, WorkflowHandle, WorkflowHistory
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

from backend.temporal_client import TemporalSettings, new_replayer, new_worker
from backend.workflows.greeting import activities
from backend.workflows.greeting.models import GreetingInput, GreetingOutput
from backend.workflows.greeting.workflow import GreetingWorkflow

Run = Callable[[Coroutine[Any, Any, None]], None]

ACTIVITIES: list[Callable[..., Any]] = [activities.process]

INPUT = GreetingInput(message="message")
OUTPUT = GreetingOutput(message="message")

Handle = WorkflowHandle[GreetingWorkflow, GreetingOutput]


@asynccontextmanager
async def started(
    environment: WorkflowEnvironment,
    input: Any = INPUT,
    functions: Sequence[Callable[..., Any]] = ACTIVITIES,
) -> AsyncIterator[Handle]:
    """Start the workflow on a worker with the production configuration."""
    settings = TemporalSettings(task_queue=f"test-{uuid4()}")
    async with new_worker(
        environment.client, settings, workflows=[GreetingWorkflow], activities=functions
    ):
        yield await environment.client.start_workflow(
            GreetingWorkflow.run,
            input,
            id=f"test-{uuid4()}",
            task_queue=settings.task_queue,
        )


def test_runs_and_replays(
    run: Run,
    environment: WorkflowEnvironment,
    record_history: Callable[[str, WorkflowHistory], None],
) -> None:
    async def check() -> None:
        async with started(environment) as handle:
            result = await handle.result()
        assert isinstance(result, GreetingOutput)

        history = await handle.fetch_history()
        replayer = new_replayer([GreetingWorkflow])
        await replayer.replay_workflow(history)
        record_history("greeting", history)

    run(check())


def test_retries_a_failed_activity(run: Run, environment: WorkflowEnvironment) -> None:
    async def check() -> None:
        given: list[Any] = []

        @activity.defn(name="greeting.process")
        async def fake_process(input: GreetingInput) -> GreetingOutput:
            given.append(input)
            if len(given) == 1:
                raise ConnectionError("the first attempt fails")
            return OUTPUT

        fakes: list[Callable[..., Any]] = [fake_process]
        async with started(environment, functions=fakes) as handle:
            assert await handle.result() == OUTPUT
        assert given == [INPUT, INPUT]

    run(check())


def test_wrong_input_fails_at_once(run: Run, environment: WorkflowEnvironment) -> None:
    async def check() -> None:
        async with started(environment, input={}) as handle:
            with pytest.raises(WorkflowFailureError) as failure:
                await handle.result()
        assert "message" in str(failure.value.cause)

    run(check())


def test_activity_process() -> None:
    output = ActivityEnvironment().run(activities.process, INPUT)

    assert isinstance(output, GreetingOutput)
