"""The connection, the worker and what it shares, on a real server."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, nullcontext
from typing import Any
from uuid import uuid4

import flows
import pytest
from temporalio.client import Client

from temporal_client import State, Temporal, TemporalSettings
from temporal_client.connection import runtime_for
from temporal_client.process import JsonFormatter

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture
def settings(client: Client, monkeypatch: pytest.MonkeyPatch) -> TemporalSettings:
    monkeypatch.setenv("TEMPORAL_ADDRESS", client.service_client.config.target_host)
    return TemporalSettings(task_queue=f"test-{uuid4()}")


def new_temporal(settings: TemporalSettings, **options: Any) -> Temporal:
    return Temporal(
        lambda: settings,
        workflows=flows.WORKFLOWS,
        activities=flows.ACTIVITIES,
        **options,
    )


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():
            await asyncio.sleep(0.02)


async def use(temporal: Temporal) -> Any:
    return await temporal.client.execute_workflow(
        "Caller",
        args=["use", [], 1],
        id=f"test-{uuid4()}",
        task_queue=temporal.task_queue,
    )


def test_dependencies_are_opened_and_closed_with_the_worker(
    run: Run, settings: TemporalSettings
) -> None:
    resources = flows.Resources()

    @asynccontextmanager
    async def opened() -> AsyncIterator[flows.Resources]:
        resources.events.append("opened")
        yield resources
        resources.events.append("closed")

    async def check() -> None:
        temporal = new_temporal(settings, dependencies=opened)
        await temporal.start()
        await until(lambda: temporal.health().polling)
        assert await use(temporal) == "used"
        assert await use(temporal) == "used"
        assert await temporal.stop()
        assert temporal.health().state is State.STOPPED
        assert not temporal.health().polling

    run(check())
    assert resources.events == ["opened", "used", "used", "closed"]


def test_what_the_application_has_opened_can_be_handed_over(
    run: Run, settings: TemporalSettings
) -> None:
    resources = flows.Resources()

    async def check() -> None:
        temporal = new_temporal(settings, dependencies=lambda: nullcontext(resources))
        await temporal.start()
        await until(lambda: temporal.health().polling)
        assert await use(temporal) == "used"
        assert await temporal.stop()

    run(check())
    assert resources.events == ["used"]


def test_dependencies_that_cannot_be_opened_are_tried_again(
    run: Run, settings: TemporalSettings
) -> None:
    attempts: list[None] = []

    @asynccontextmanager
    async def opened() -> AsyncIterator[flows.Resources]:
        attempts.append(None)
        if len(attempts) < 3:
            raise ConnectionError("the database is not there yet")
        yield flows.Resources()

    async def check() -> None:
        temporal = new_temporal(settings, dependencies=opened)
        await temporal.start()
        await until(lambda: temporal.health().last_error is not None)
        assert temporal.health().last_error == (
            "the worker failed: the database is not there yet"
        )
        await until(lambda: temporal.health().polling)
        assert temporal.health().last_error is None
        assert await use(temporal) == "used"
        assert await temporal.stop()

    run(check())
    assert len(attempts) == 3


def test_dependencies_that_cannot_be_closed_do_not_start_it_again(
    run: Run, settings: TemporalSettings, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[str] = []

    @asynccontextmanager
    async def opened() -> AsyncIterator[flows.Resources]:
        events.append("opened")
        yield flows.Resources()
        raise ConnectionError("the database is gone")

    async def check() -> None:
        temporal = new_temporal(settings, dependencies=opened)
        await temporal.start()
        await until(lambda: temporal.health().polling)
        assert await temporal.stop()
        assert temporal.health().state is State.STOPPED

    run(check())
    assert events == ["opened"]
    assert "the database is gone" in caplog.text


def test_without_embedded_worker_nothing_is_opened(
    run: Run, settings: TemporalSettings
) -> None:
    def opened() -> Any:
        raise AssertionError

    async def check() -> None:
        without = settings.model_copy(update={"embedded_worker": False})
        temporal = new_temporal(without, dependencies=opened)
        await temporal.start()
        await until(lambda: temporal.health().state is State.CONNECTED)
        await asyncio.sleep(0.2)
        assert not temporal.health().polling
        assert await temporal.stop()

    run(check())


def test_a_taken_metrics_port_is_no_obstacle(
    run: Run, settings: TemporalSettings, caplog: pytest.LogCaptureFixture
) -> None:
    async def check(address: str) -> None:
        temporal = new_temporal(
            settings.model_copy(update={"metrics_address": address}),
            dependencies=flows_resources,
        )
        await temporal.start()
        await until(lambda: temporal.health().polling)
        assert await use(temporal) == "used"
        assert await temporal.stop()

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        run(check(address))
        run(check("nonsense"))
    assert caplog.text.count("No metrics at") == 2
    assert runtime_for(address) is runtime_for(None)


@asynccontextmanager
async def flows_resources() -> AsyncIterator[flows.Resources]:
    yield flows.Resources()


def test_logs_have_the_ids_of_their_execution(
    run: Run, settings: TemporalSettings
) -> None:
    lines: list[dict[str, Any]] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(self.format(record)))

    async def check() -> list[tuple[str, str | None]]:
        temporal = new_temporal(settings, dependencies=flows_resources)
        await temporal.start()
        await until(lambda: temporal.health().polling)
        handle = await temporal.client.start_workflow(
            "Greeter",
            {"name": "Ada"},
            id=f"test-{uuid4()}",
            task_queue=temporal.task_queue,
        )
        await handle.signal("called", {"name": "Bob"})
        await handle.result()
        other = await temporal.client.start_workflow(
            "Caller",
            args=["greet", [{"name": "Ada"}], 1],
            id=f"test-{uuid4()}",
            task_queue=temporal.task_queue,
        )
        await other.result()
        clock = await temporal.client.start_workflow(
            "Clock", id=f"test-{uuid4()}", task_queue=temporal.task_queue
        )
        await until(lambda: any("Failed activation" in x["message"] for x in lines))
        await clock.terminate()
        assert await temporal.stop()
        return [
            (each.id, each.first_execution_run_id) for each in (handle, other, clock)
        ]

    collector = Collector()
    collector.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.addHandler(collector)
    level = root.level
    root.setLevel(logging.INFO)
    try:
        ids = run(check())
    finally:
        root.removeHandler(collector)
        root.setLevel(level)
    texts = ("greets", "greeting Ada", "Failed activation")
    for text, (workflow_id, run_id) in zip(texts, ids, strict=True):
        line = next(line for line in lines if line["message"].startswith(text))
        assert line["workflow_id"] == workflow_id
        assert line["run_id"] == run_id
        assert line["level"] in {"INFO", "WARNING"}
    greeting = next(line for line in lines if line["message"] == "greeting Ada")
    assert greeting["logger"] == "of.the.service"
    assert greeting["activity_type"] == "greet"
    assert greeting["attempt"] == 1
    assert "Traceback" in next(
        line["exception"] for line in lines if "Failed activation" in line["message"]
    )
