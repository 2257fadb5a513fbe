"""The workflow on a server of the test's own, its activities alone, and a replay."""

{{ standard_imports }}

import pytest
{{ third_party_imports }}

{{ own_imports }}

pytestmark = pytest.mark.asyncio(loop_scope="session")

{{ activity_list }}

{% for sample in samples %}
{{ sample }}
{% endfor %}

{{ handle_type }}


@asynccontextmanager
async def started(
    environment: WorkflowEnvironment,
    input: Any = INPUT,
    functions: Sequence[Callable[..., Any]] = ACTIVITIES,
) -> AsyncIterator[Handle]:
    """The workflow, started on a worker that is set up as in production."""
    settings = TemporalSettings(task_queue=f"test-{uuid4()}")
    async with new_worker(
        environment.client,
        settings,
        workflows=[{{ workflow_class }}],
        activities=functions,
    ):
        yield await environment.client.start_workflow(
            {{ workflow_class }}.run,
            input,
            id=f"test-{uuid4()}",
            task_queue=settings.task_queue,
        )
{% if messages %}


async def talk(handle: Handle) -> None:
    """Send everything that the workflow waits for."""
{% for message in messages %}
{{ message }}
{% endfor %}
{% endif %}


async def test_runs_and_replays(
    environment: WorkflowEnvironment,
    record_history: Callable[[str, WorkflowHistory], None],
) -> None:
    async with started(environment) as handle:
{% if messages %}
        await talk(handle)
{% endif %}
        result = await handle.result()
    assert isinstance(result, {{ output_class }})

    history = await handle.fetch_history()
    replayer = new_replayer([{{ workflow_class }}])
    await replayer.replay_workflow(history)
    record_history("{{ workflow }}", history)


{% if retries %}
async def test_tries_a_failed_activity_again(environment: WorkflowEnvironment) -> None:
    given: list[Any] = []
{% for fake in fakes %}

{{ fake.decorator }}
{{ fake.signature }}
        given.append(input)
{% if loop.first %}
        if len(given) == 1:
            raise ConnectionError("the first attempt fails")
{% endif %}
        return {{ fake.output }}
{% endfor %}

{{ all_fakes }}
    async with started(environment, functions=fakes) as handle:
{% if messages %}
        await talk(handle)
{% endif %}
        assert await handle.result() == OUTPUT
{{ given }}
{% else %}
async def test_a_failed_activity_fails_it(environment: WorkflowEnvironment) -> None:
{{ fakes[0].decorator }}
{{ fakes[0].unused_signature }}
        raise ConnectionError("every attempt fails")

{{ first_fake }}
    async with started(environment, functions=fakes) as handle:
{% if messages %}
        await talk(handle)
{% endif %}
        with pytest.raises(WorkflowFailureError) as failure:
            await handle.result()
    assert isinstance(failure.value.cause, ActivityError)
{% endif %}
{% if required_field %}


async def test_wrong_input_fails_at_once(environment: WorkflowEnvironment) -> None:
    async with started(environment, input={}) as handle:
        with pytest.raises(WorkflowFailureError) as failure:
            await handle.result()
    assert "{{ required_field }}" in str(failure.value.cause)
{% endif %}
{% for query in queries %}


{{ query.signature }}
    async with started(environment) as handle:
{% if query.first %}
{{ query.ask }}
{{ query.first }}
{% endif %}
{% if messages %}
        await talk(handle)
{% endif %}
{% if query.needs_result %}
        result = await handle.result()
{% else %}
        await handle.result()
{% endif %}
{{ query.ask }}
{{ query.last }}
{% endfor %}
{% for update in updates %}


{{ update.signature }}
    released = asyncio.Event()

{{ fakes[0].decorator }}
{{ fakes[0].unused_signature }}
        await released.wait()
        return {{ fakes[0].output }}

{{ first_fake }}
    async with started(environment, functions=fakes) as handle:
        await talk(handle)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
{{ update.send }}
        released.set()
        await handle.result()
    assert "{{ update.name }}" in str(refused.value.cause)
{% endfor %}
{% for alone in activities_alone %}


async def test_activity_{{ alone.name }}() -> None:
{{ alone.call }}

    assert isinstance(output, {{ alone.output_class }})
{% endfor %}
