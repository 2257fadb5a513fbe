"""Tests the workflow on a test server, its activities, and a replay."""

{% if updates %}
import asyncio
{% endif %}
{% if "dt" in uses.test %}
import datetime as dt
{% endif %}
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
{% if "Decimal" in uses.test %}
from decimal import Decimal
{% endif %}
from typing import Any
from uuid import {% if "UUID" in uses.test %}UUID, {% endif %}uuid4

{% if not retries or required_field or waits %}
import pytest
{% endif %}
from temporalio import activity
from temporalio.client import {{ imports.client | join(", ") }}
{% if not retries or waits %}
from temporalio.exceptions import {{ imports.exceptions | join(", ") }}
{% endif %}
from temporalio.testing import ActivityEnvironment, WorkflowEnvironment

{% set own_imports = [
    [client_package, "TemporalSettings, new_replayer, new_worker"],
    [module ~ ".models", imports.test | join(", ")],
    [module ~ ".workflow", workflow_class],
] %}
{% if activities_class %}
{% set own_imports = own_imports + [
    [dependencies_package, "Dependencies"],
    [module ~ ".activities", activities_class],
] %}
{% else %}
{% set own_imports = own_imports + [[module, "activities"]] %}
{% endif %}
{% for module, names in own_imports | sort %}
from {{ module }} import {{ names }}
{% endfor %}

Run = Callable[[Coroutine[Any, Any, None]], None]

ACTIVITIES: list[Callable[..., Any]] = [
{% if activities_class %}
    {{ activities_class }},
{% else %}
{% for activity in activities %}
    activities.{{ activity.name }},
{% endfor %}
{% endif %}
]

{% for sample in samples %}
{{ sample.name }} = {{ sample.class }}(
{% for value in sample.fields %}
    {{ value.name }}={{ value.sample }},
{% endfor %}
)
{% endfor %}

Handle = WorkflowHandle[{{ workflow_class }}, {{ output_class }}]


@asynccontextmanager
async def started(
    environment: WorkflowEnvironment,
    functions: Sequence[Callable[..., Any]],
{% if dependencies_package %}
    dependencies: Dependencies | None = None,
{% endif %}
    input: Any = INPUT,
) -> AsyncIterator[Handle]:
    """Start the workflow on a worker with the production configuration.

    Only here, an exception in the workflow's code fails it: in production it is taken
    for a bug, and the workflow waits for a correction.
    """
    settings = TemporalSettings(task_queue=f"test-{uuid4()}")
    async with new_worker(
        environment.client,
        settings,
        workflows=[{{ workflow_class }}],
        activities=functions,
{% if dependencies_package %}
        dependencies=dependencies,
{% endif %}
        workflow_failure_exception_types=[Exception],
    ):
        yield await environment.client.start_workflow(
            {{ workflow_class }}.run,
            input,
            id=f"test-{uuid4()}",
            task_queue=settings.task_queue,
        )
{% if waits %}


async def talk(handle: Handle) -> None:
    """Send all signals and updates that the workflow waits for."""
{% for signal in signals %}
{% if signal.model %}
    await handle.signal({{ workflow_class }}.{{ signal.name }}, {{ signal.sample }})
{% else %}
    await handle.signal({{ workflow_class }}.{{ signal.name }})
{% endif %}
{% endfor %}
{% for update in updates %}
    {{ update.name }}_answer = await handle.execute_update(
        {{ workflow_class }}.{{ update.name }},
        {{ update.sample }},
    )
    assert {{ update.name }}_answer == {{ update.sample }}
{% endfor %}
{% endif %}


def test_runs_and_replays(
    run: Run,
    environment: WorkflowEnvironment,
{% if dependencies_package %}
    dependencies: Dependencies,
{% endif %}
    record_history: Callable[[str, WorkflowHistory], None],
) -> None:
    async def check() -> None:
        async with started(environment, ACTIVITIES{{ ", dependencies" if dependencies_package }}) as handle:
{% if waits %}
            await talk(handle)
{% endif %}
            result = await handle.result()
        assert isinstance(result, {{ output_class }})

        history = await handle.fetch_history()
        replayer = new_replayer([{{ workflow_class }}])
        await replayer.replay_workflow(history)
        record_history("{{ workflow }}", history)

    run(check())


{% if retries %}
def test_retries_a_failed_activity(run: Run, environment: WorkflowEnvironment) -> None:
    async def check() -> None:
        given: list[Any] = []
{% for activity in activities %}

        @activity.defn(name="{{ workflow }}.{{ activity.name }}")
        async def fake_{{ activity.name }}(input: {{ activity.input }}) -> {{ activity.output }}:
            given.append(input)
{% if loop.first %}
            if len(given) == 1:
                raise ConnectionError("the first attempt fails")
{% endif %}
            return {{ activity.output_sample }}
{% endfor %}

        fakes: list[Callable[..., Any]] = [
{% for activity in activities %}
            fake_{{ activity.name }},
{% endfor %}
        ]
        async with started(environment, fakes) as handle:
{% if waits %}
            await talk(handle)
{% endif %}
            assert await handle.result() == OUTPUT
        assert given == [
            {{ activities[0].input_sample }},
{% for activity in activities %}
            {{ activity.input_sample }},
{% endfor %}
        ]

    run(check())
{% else %}
def test_a_failed_activity_fails_it(run: Run, environment: WorkflowEnvironment) -> None:
    async def check() -> None:
        @activity.defn(name="{{ workflow }}.{{ activities[0].name }}")
        async def fake_{{ activities[0].name }}(_: {{ activities[0].input }}) -> {{ activities[0].output }}:
            raise ConnectionError("every attempt fails")

        fakes: list[Callable[..., Any]] = [fake_{{ activities[0].name }}]
        async with started(environment, fakes) as handle:
{% if waits %}
            await talk(handle)
{% endif %}
            with pytest.raises(WorkflowFailureError) as failure:
                await handle.result()
        assert isinstance(failure.value.cause, ActivityError)

    run(check())
{% endif %}
{% if required_field %}


def test_wrong_input_fails_at_once(run: Run, environment: WorkflowEnvironment) -> None:
    async def check() -> None:
        async with started(environment, [], input={}) as handle:
            with pytest.raises(WorkflowFailureError) as failure:
                await handle.result()
        assert "{{ required_field }}" in str(failure.value.cause)

    run(check())
{% endif %}
{% for query in queries %}


def test_query_{{ query.name }}(
    run: Run,
    environment: WorkflowEnvironment,
{% if dependencies_package %}
    dependencies: Dependencies,
{% endif %}
) -> None:
    async def check() -> None:
        async with started(environment, ACTIVITIES{{ ", dependencies" if dependencies_package }}) as handle:
{% if query.tells_stage and waits %}
            answer = await handle.query({{ workflow_class }}.{{ query.name }})
            assert answer == {{ query.model }}({{ query.name }}={{ query.first }})
{% endif %}
{% if waits %}
            await talk(handle)
{% endif %}
{% if query.is_in_result %}
            result = await handle.result()
{% else %}
            await handle.result()
{% endif %}
            answer = await handle.query({{ workflow_class }}.{{ query.name }})
{% if query.is_in_result %}
            assert answer == {{ query.model }}({{ query.name }}=result.{{ query.name }})
{% elif query.last %}
            assert answer == {{ query.model }}({{ query.name }}={{ query.last }})
{% else %}
            assert isinstance(answer, {{ query.model }})
{% endif %}

    run(check())
{% endfor %}
{% for update in updates %}


def test_update_{{ update.name }}(run: Run, environment: WorkflowEnvironment) -> None:
    async def check() -> None:
        released = asyncio.Event()
{% for activity in activities %}

        @activity.defn(name="{{ workflow }}.{{ activity.name }}")
        async def fake_{{ activity.name }}(_: {{ activity.input }}) -> {{ activity.output }}:
            await released.wait()
            return {{ activity.output_sample }}
{% endfor %}

        fakes: list[Callable[..., Any]] = [
{% for activity in activities %}
            fake_{{ activity.name }},
{% endfor %}
        ]
        async with started(environment, fakes) as handle:
            await talk(handle)
            with pytest.raises(WorkflowUpdateFailedError) as rejected:
                await handle.execute_update({{ workflow_class }}.{{ update.name }}, {{ update.sample }})
            released.set()
            await handle.result()
        assert "{{ update.name }}" in str(rejected.value.cause)

    run(check())
{% endfor %}
{% if waits %}


def test_a_missing_message_fails_it(run: Run, environment: WorkflowEnvironment) -> None:
    if not environment.supports_time_skipping:
        pytest.skip("this server does not skip the time until the timeout")

    async def check() -> None:
        async with started(environment, []) as handle:
            with pytest.raises(WorkflowFailureError) as failure:
                await handle.result()
        assert isinstance(failure.value.cause, ApplicationError)
        assert failure.value.cause.type == "WaitTimeout"

    run(check())
{% endif %}
{% for activity in activities %}


def test_activity_{{ activity.name }}({{ "dependencies: Dependencies" if dependencies_package }}) -> None:
    output = ActivityEnvironment().run(
{% if activities_class %}
        {{ activities_class }}(dependencies).{{ activity.name }},
{% else %}
        activities.{{ activity.name }},
{% endif %}
        {{ activity.input_sample }},
    )

    assert isinstance(output, {{ activity.output }})
{% endfor %}
