"""Routes of the API that start the workflow, send it messages and read its result.

They do not check who calls them. `APIRouter(dependencies=[...])` can do that.
"""

from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from temporalio.client import (
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

{% set own_imports = [
    [start_from_package, "get_temporal"],
    [client_from_package, "Temporal"],
    [client_from_package ~ ".routes", "ROUTE_TIMEOUT, as_http_errors"],
    [package_prefix ~ "models", imports.routes | join(", ")],
    [package_prefix ~ "workflow", workflow_class],
] %}
{% for module, names in own_imports | sort %}
from {{ module }} import {{ names }}
{% endfor %}

router = APIRouter(prefix="/{{ kebab }}", tags=["{{ kebab }}"])


class {{ workflow_class }}Execution(BaseModel):
    """The state of an execution."""

    id: str
    status: str
    """`running`, `completed`, `failed`, `canceled`, `terminated` or `timed_out`."""
    result: {{ output_class }} | None = None
    error: str | None = None


def connection(request: Request) -> Temporal:
    """The connection of the application."""
    return get_temporal(request.app)


Connection = Annotated[Temporal, Depends(connection)]

# It becomes part of the URL of the execution.
Id = Annotated[str | None, Query(pattern=r"^[\w.~-]*\w[\w.~-]*$", max_length=200)]


def workflow_id(id: str) -> str:
    """The id of an execution in Temporal, where all workflows share the ids."""
    return f"{{ kebab }}:{id}"


def handle_of(
    temporal: Temporal, id: str
) -> WorkflowHandle[{{ workflow_class }}, {{ output_class }}]:
    """The execution with this id."""
    return temporal.client.get_workflow_handle_for({{ workflow_class }}.run, workflow_id(id))


@router.post("", status_code=201)
async def start(
    input: {{ input_class }}, temporal: Connection, id: Id = None
) -> {{ workflow_class }}Execution:
    """Start an execution.

    A caller that gives an id can repeat the request: if an execution with this id runs
    or has completed, the status is 409, and no second one is started.
    """
    id = id or str(uuid4())
    with as_http_errors():
        await temporal.client.start_workflow(
            {{ workflow_class }}.run,
            input,
            id=workflow_id(id),
            task_queue=temporal.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            rpc_timeout=ROUTE_TIMEOUT,
        )
    return {{ workflow_class }}Execution(id=id, status="running")


@router.get("/{id}")
async def read(id: str, temporal: Connection) -> {{ workflow_class }}Execution:
    """Read the state, and the result of a completed execution."""
    with as_http_errors():
        handle = handle_of(temporal, id)
        status = (await handle.describe(rpc_timeout=ROUTE_TIMEOUT)).status
        execution = {{ workflow_class }}Execution(
            id=id, status=status.name.lower() if status else "unknown"
        )
        if status is not WorkflowExecutionStatus.RUNNING:
            try:
                execution.result = await handle.result(rpc_timeout=ROUTE_TIMEOUT)
            except WorkflowFailureError as error:
                execution.error = str(error.cause)
        return execution
{% for signal in signals %}


@router.post("/{id}/{{ signal.name }}", status_code=202)
{% if signal.model %}
async def signal_{{ signal.name }}(id: str, signal: {{ signal.model }}, temporal: Connection) -> None:
    """Send the signal `{{ signal.name }}`."""
    with as_http_errors():
        await handle_of(temporal, id).signal(
            {{ workflow_class }}.{{ signal.name }}, signal, rpc_timeout=ROUTE_TIMEOUT
        )
{% else %}
async def signal_{{ signal.name }}(id: str, temporal: Connection) -> None:
    """Send the signal `{{ signal.name }}`."""
    with as_http_errors():
        await handle_of(temporal, id).signal(
            {{ workflow_class }}.{{ signal.name }}, rpc_timeout=ROUTE_TIMEOUT
        )
{% endif %}
{% endfor %}
{% for update in updates %}


@router.post("/{id}/{{ update.name }}")
async def update_{{ update.name }}(id: str, update: {{ update.model }}, temporal: Connection) -> {{ update.model }}:
    """Send the update `{{ update.name }}`; a worker answers."""
    with as_http_errors():
        return await handle_of(temporal, id).execute_update(
            {{ workflow_class }}.{{ update.name }}, update, rpc_timeout=ROUTE_TIMEOUT
        )
{% endfor %}
{% for query in queries %}


@router.get("/{id}/{{ query.name }}")
async def query_{{ query.name }}(id: str, temporal: Connection) -> {{ query.model }}:
    """Send the query `{{ query.name }}`; a worker answers."""
    with as_http_errors():
        return await handle_of(temporal, id).query(
            {{ workflow_class }}.{{ query.name }}, rpc_timeout=ROUTE_TIMEOUT
        )
{% endfor %}
