"""Tests the routes of the workflow with an HTTP client, on a test server."""

import asyncio
{% if "dt" in uses.routes_test %}
import datetime as dt
{% endif %}
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
{% if "Decimal" in uses.routes_test %}
from decimal import Decimal
{% endif %}
from typing import Any
from uuid import {% if "UUID" in uses.routes_test %}UUID, {% endif %}uuid4

import pytest
from fastapi import FastAPI
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

{% set own_imports = [
    [client_package, "TemporalSettings, new_worker"],
    [module ~ ".routes", "connection, router"],
    [module ~ ".models", imports.routes | join(", ")],
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

try:
    from fastapi.testclient import TestClient
except RuntimeError as error:
    pytest.skip(f"an HTTP client is missing: {error}", allow_module_level=True)

Run = Callable[[Coroutine[Any, Any, None]], None]

{% for sample in route_samples %}
{{ sample.name }} = {{ sample.class }}(
{% for value in sample.fields %}
    {{ value.name }}={{ value.sample }},
{% endfor %}
)
{% endfor %}

URL = "/{{ kebab }}/test"


@dataclass
class Connected:
    """Stands for the connection of the application."""

    client: Client
    task_queue: str


def call_routes(client: TestClient) -> None:
    """Start an execution, send it all messages and read its result."""
    input = INPUT.model_dump(mode="json")
    started = client.post("/{{ kebab }}?id=test", json=input)
    assert started.status_code == 201, started.text
    assert client.post("/{{ kebab }}?id=test", json=input).status_code == 409
    assert client.get("/{{ kebab }}/other").status_code == 404
    assert client.post("/{{ kebab }}?id=a/b", json=input).status_code == 422
{% for query in queries %}
    {{ query.name }} = client.get(f"{URL}/{{ query.name }}")
    {{ query.model }}.model_validate({{ query.name }}.json())
{% endfor %}
{% for signal in signals %}
{% if signal.model %}
    {{ signal.name }} = {{ signal.sample }}.model_dump(mode="json")
    assert client.post(f"{URL}/{{ signal.name }}", json={{ signal.name }}).status_code == 202
{% else %}
    assert client.post(f"{URL}/{{ signal.name }}").status_code == 202
{% endif %}
{% endfor %}
{% for update in updates %}
    {{ update.name }} = {{ update.sample }}.model_dump(mode="json")
    assert client.post(f"{URL}/{{ update.name }}", json={{ update.name }}).json() == {{ update.name }}
    assert client.post(f"{URL}/{{ update.name }}", json={{ update.name }}).status_code in {404, 409}
{% endfor %}
    until = time.monotonic() + 30
    while (execution := client.get(URL).json())["status"] == "running":
        assert time.monotonic() < until
        time.sleep(0.05)
    assert execution["status"] == "completed", execution
    {{ output_class }}.model_validate(execution["result"])
{% for signal in signals %}
{% if loop.first and not signal.model %}
    assert client.post(f"{URL}/{{ signal.name }}").status_code == 404
{% endif %}
{% endfor %}


def test_the_routes(
    run: Run,
    environment: WorkflowEnvironment,
{% if dependencies_package %}
    dependencies: Dependencies,
{% endif %}
) -> None:
    async def check() -> None:
        settings = TemporalSettings(task_queue=f"test-{uuid4()}")
        app = FastAPI()
        app.include_router(router)
        connected = Connected(environment.client, settings.task_queue)
        app.dependency_overrides[connection] = lambda: connected
        async with new_worker(
            environment.client,
            settings,
            workflows=[{{ workflow_class }}],
{% if activities_class %}
            activities=[{{ activities_class }}],
            dependencies=dependencies,
{% else %}
            activities=[
{% for activity in activities %}
                activities.{{ activity.name }},
{% endfor %}
            ],
{% endif %}
            workflow_failure_exception_types=[Exception],
        ):
            with TestClient(app) as client:
                await asyncio.to_thread(call_routes, client)

    run(check())
