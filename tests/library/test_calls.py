"""Calls that cannot succeed end at once, on a real server."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import flows
import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import (
    Client,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
)
from temporalio.exceptions import ActivityError, ApplicationError
from temporalio.service import RPCError
from temporalio.worker import Worker

from temporal_client import TemporalSettings, new_replayer, new_worker

Run = Callable[[Coroutine[Any, Any, Any]], Any]

# The SDK leaves a coroutine of a workflow that cannot be made, or whose task has failed.
pytestmark = pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)

AT_ONCE = 8.0
"""Seconds within which a call that cannot succeed has ended."""


@asynccontextmanager
async def worker(client: Client, **options: Any) -> AsyncIterator[str]:
    """A worker of the library; gives its task queue."""
    settings = TemporalSettings(task_queue=f"test-{uuid4()}")
    async with new_worker(
        client,
        settings,
        workflows=flows.WORKFLOWS,
        activities=flows.ACTIVITIES,
        **options,
    ):
        yield settings.task_queue


async def start(
    client: Client, queue: str, kind: str, arguments: Sequence[Any]
) -> WorkflowHandle[Any, Any]:
    return await client.start_workflow(
        kind, args=arguments, id=f"test-{uuid4()}", task_queue=queue
    )


async def failure(handle: WorkflowHandle[Any, Any]) -> BaseException | None:
    """Why an execution has failed, which it must do at once."""
    async with asyncio.timeout(AT_ONCE):
        with pytest.raises(WorkflowFailureError) as error:
            await handle.result()
    return error.value.cause


async def call(client: Client, queue: str, name: str, *arguments: Any) -> Any:
    """Execute an activity; up to 3 attempts."""
    handle = await start(client, queue, "Caller", [name, list(arguments), 3])
    return await handle.result()


@pytest.mark.parametrize("name", ["Greeter", "Made"])
@pytest.mark.parametrize(
    ("arguments", "given"),
    [([], "nothing"), ([{"name": "Ada"}, 2], "dict, int")],
)
def test_a_workflow_with_wrong_arguments_fails(
    run: Run, client: Client, arguments: list[Any], given: str, name: str
) -> None:
    async def check() -> None:
        async with worker(client) as queue:
            handle = await start(client, queue, name, arguments)
            cause = await failure(handle)
        assert isinstance(cause, ApplicationError)
        assert cause.type == "WrongArguments"
        text = f"workflow `{name}` wants (input: flows.Name) and was given {given}: "
        assert str(cause).startswith(f"WrongArguments: {text}"), cause
        await new_replayer(flows.WORKFLOWS).replay_workflow(
            await handle.fetch_history()
        )

    run(check())


def test_a_right_call_of_a_decorated_workflow_is_none_of_them(
    run: Run, client: Client
) -> None:
    async def check() -> None:
        async with worker(client) as queue:
            handle = await start(client, queue, "Decorated", [1])
            assert await handle.result() == 3
            handle = await start(client, queue, "Made", [{"name": "Ada"}])
            assert await handle.result() == "Ada Ada"

    run(check())


def test_a_workflow_with_invalid_data_fails(run: Run, client: Client) -> None:
    async def check() -> None:
        async with worker(client) as queue:
            cause = await failure(await start(client, queue, "Greeter", [{"no": 1}]))
        assert "name\n  Field required" in str(cause)

    run(check())


@pytest.mark.parametrize("name", ["called", "called_later"])
@pytest.mark.parametrize("arguments", [[], ["a", "b"], [{"no": 1}], [1]])
def test_a_wrong_signal_is_dropped(
    run: Run,
    client: Client,
    arguments: list[Any],
    name: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def check() -> None:
        async with worker(client) as queue:
            handle = await start(client, queue, "Greeter", [{"name": "Ada"}])
            await handle.signal(name, args=arguments)
            await handle.signal(name, flows.Name(name="Bob"))
            async with asyncio.timeout(AT_ONCE):
                assert await handle.result() == "Ada and Bob"

    run(check())
    errors = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert any("signal" in each.getMessage() for each in errors), caplog.text


@pytest.mark.parametrize("name", ["rename", "rename_later"])
@pytest.mark.parametrize("arguments", [[], ["a", "b"], [{"no": 1}], [1]])
def test_a_wrong_update_is_refused(
    run: Run, client: Client, arguments: list[Any], name: str
) -> None:
    async def check() -> None:
        async with worker(client) as queue:
            handle = await start(client, queue, "Greeter", [{"name": "Ada"}])
            async with asyncio.timeout(AT_ONCE):
                with pytest.raises(WorkflowUpdateFailedError) as error:
                    await handle.execute_update(name, args=arguments)
                assert await handle.execute_update(name, flows.Name(name="Bob"))
                assert await handle.result() == "Ada and Bob"
        assert error.value.cause is not None
        if len(arguments) != 1:
            wanted = f"update `{name}` of workflow `Greeter` wants (update: flows.Name)"
            assert wanted in str(error.value.cause)

    run(check())


@pytest.mark.parametrize("query", ["name", "unknown"])
def test_a_wrong_query_is_refused(run: Run, client: Client, query: str) -> None:
    async def check() -> None:
        async with worker(client) as queue:
            handle = await start(client, queue, "Greeter", [{"name": "Ada"}])
            async with asyncio.timeout(AT_ONCE):
                with pytest.raises(WorkflowQueryFailedError):
                    await handle.query(query)
            await handle.terminate()

    run(check())


def test_a_query_to_an_unknown_type_ends(run: Run, client: Client) -> None:
    """At once from the third attempt of its task on, which is 10 s after the start.

    Until then the server waits for a worker that has the type.
    """

    async def check() -> None:
        async with worker(client) as queue:
            handle = await start(client, queue, "Unknown", [])
            begun = time.monotonic()
            while True:
                asked = time.monotonic()
                try:
                    await handle.query("name", rpc_timeout=timedelta(seconds=3))
                except RPCError as error:
                    if "Workflow Task in failed state" in str(error):
                        break
                assert time.monotonic() - begun < 15
            assert time.monotonic() - asked < 3
            await handle.terminate()

    run(check())


def test_in_tests_a_forbidden_call_fails(run: Run, client: Client) -> None:
    async def check() -> None:
        failures = [Exception]
        async with worker(client, workflow_failure_exception_types=failures) as queue:
            cause = await failure(await start(client, queue, "Clock", []))
        assert "datetime.datetime.now" in str(cause)

    run(check())


def test_executions_that_hang_go_on(run: Run, client: Client) -> None:
    """With a worker without the checks they hang; with the library they end."""

    async def check() -> None:
        queue = f"test-{uuid4()}"
        async with Worker(client, task_queue=queue, workflows=[flows.Greeter]):
            wrong = await start(client, queue, "Greeter", [])
            other = await start(client, queue, "Greeter", [{"name": "Ada"}])
            await other.signal("called")
            await other.signal("called", flows.Name(name="Bob"))
            for handle in (wrong, other):
                async with asyncio.timeout(20):
                    while not await has_failed_task(handle):
                        await asyncio.sleep(0.05)
        settings = TemporalSettings(task_queue=queue)
        async with new_worker(
            client, settings, workflows=[flows.Greeter], activities=[]
        ):
            with pytest.raises(WorkflowFailureError) as error:
                await wrong.result()
            assert "wants (input: flows.Name)" in str(error.value.cause)
            assert await other.result() == "Ada and Bob"

    run(check())


async def has_failed_task(handle: WorkflowHandle[Any, Any]) -> bool:
    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    history = await handle.fetch_history()
    return any(event.event_type == failed for event in history.events)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("nothing", [], "activity `nothing` returned None, and promises <class"),
        (
            "greet",
            [],
            "activity `greet` wants (name: flows.Name) and was given nothing",
        ),
        ("invalid", [], "Field required"),
    ],
)
def test_an_activity_that_cannot_succeed_fails_without_a_retry(
    run: Run, client: Client, name: str, arguments: list[Any], expected: str
) -> None:
    async def check() -> None:
        async with worker(client) as queue:
            handle = await start(client, queue, "Caller", [name, arguments, 0])
            cause = await failure(handle)
        assert isinstance(cause, ActivityError)
        assert expected in str(cause.cause)

    run(check())


def test_an_optional_result_may_be_none(run: Run, client: Client) -> None:
    async def check() -> None:
        async with worker(client) as queue:
            assert await call(client, queue, "maybe") is None

    run(check())


def test_heartbeats_keep_the_details(run: Run, client: Client) -> None:
    async def check() -> None:
        async with worker(client) as queue:
            assert await call(client, queue, "progress") == [7]

    run(check())


def test_a_late_attempt_is_logged(
    run: Run, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    async def check() -> None:
        async with worker(client) as queue:
            handle = await start(client, queue, "Caller", ["too_slow", [], 1])
            assert isinstance(await failure(handle), ActivityError)

    run(check())
    late = "activity `too_slow` of workflow test-"
    texts = [record.getMessage() for record in caplog.records]
    assert sum(text.startswith(late) for text in texts) == 1, texts


def test_what_blocks_the_event_loop_is_logged(
    run: Run, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    from temporal_client.interceptors import report_blocked_loop

    async def check() -> None:
        async with worker(client) as queue:
            with report_blocked_loop():
                handle = await start(client, queue, "Caller", ["blocking", [], 1])
                with pytest.raises(WorkflowFailureError):
                    await handle.result()
                # Until it is noticed: how soon depends on the load of the machine.
                until = time.monotonic() + 30
                while len(blocked()) < 2 and time.monotonic() < until:
                    time.sleep(0.1)

    def blocked() -> list[str]:
        texts = (record.getMessage() for record in caplog.records)
        return [text for text in texts if "blocks the event loop" in text]

    run(check())
    first, second = blocked()[:2]
    assert first.startswith("activity `blocking` blocks the event loop")
    assert "flows.py" in first
    assert second.startswith("other code than an activity blocks")


def test_a_class_gets_its_dependencies(run: Run, client: Client) -> None:
    resources = flows.Resources()

    async def check() -> None:
        async with worker(client, dependencies=resources) as queue:
            assert await call(client, queue, "use") == "used"
            assert await call(client, queue, "use_async") == "used"
            assert await call(client, queue, "of_class") == "Shared"

    run(check())
    assert resources.events == ["used", "used"]
