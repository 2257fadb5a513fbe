"""Builds workers and replayers, so that tests run what production runs."""

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

from pydantic import ValidationError
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import (
    PollerBehaviorAutoscaling,
    Replayer,
    Worker,
    WorkerDeploymentConfig,
)
from temporalio.worker import workflow_sandbox as sandbox

from .interceptors import CheckCalls
from .settings import TemporalSettings
from .unknown import ANY_TYPE, UnknownWorkflow, workflow_names

_OWN = str(__package__).removesuffix("temporal_client")
"""How the names of the service's modules begin; empty if they are at the top level."""

FAILURES: Sequence[type[BaseException]] = [ValidationError]
"""What fails an execution. Other exceptions are taken for bugs, and retried.

Tests add `Exception`: a bug then fails the test instead of being retried for ever.
"""


def new_worker(
    client: Client,
    settings: TemporalSettings,
    *,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]],
    dependencies: Any = None,
    versioned: bool = False,
    workflow_failure_exception_types: Sequence[type[BaseException]] = FAILURES,
) -> Worker:
    """Build a worker; it takes no tasks until it is run.

    Args:
        client: An open connection on which no worker has failed to start.
        settings: The task queue, limits and graceful shutdown timeout.
        workflows: The classes decorated with `@workflow.defn`.
        activities: Functions decorated with `@activity.defn`, and classes with such
            methods. Those written with `def` run in threads, those with `async def` in
            the event loop, which they must not block.
        dependencies: What objects of these classes are created with.
        versioned: Whether a build ID in the settings turns on worker versioning.
        workflow_failure_exception_types: The exceptions that fail an execution.
    """
    deployment = None
    if versioned and settings.worker_build_id is not None:
        deployment = WorkerDeploymentConfig(
            WorkerDeploymentVersion(settings.deployment_name, settings.worker_build_id),
            use_worker_versioning=True,
            default_versioning_behavior=VersioningBehavior.PINNED,
        )
    UnknownWorkflow.tries = 2 if settings.reload else 1
    handles_any = ANY_TYPE in workflow_names(workflows)
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=workflows if handles_any else [*workflows, UnknownWorkflow],
        activities=list(_functions(activities, dependencies)),
        activity_executor=ThreadPoolExecutor(
            settings.max_concurrent_activities, thread_name_prefix="temporal-activity"
        ),
        interceptors=[CheckCalls()],
        workflow_runner=_new_runner(workflows),
        workflow_task_poller_behavior=PollerBehaviorAutoscaling(),
        activity_task_poller_behavior=PollerBehaviorAutoscaling(),
        sticky_queue_schedule_to_start_timeout=timedelta(
            seconds=settings.sticky_timeout_seconds
        ),
        max_concurrent_workflow_tasks=settings.max_concurrent_workflow_tasks,
        max_concurrent_activities=settings.max_concurrent_activities,
        graceful_shutdown_timeout=timedelta(seconds=settings.graceful_shutdown_seconds),
        workflow_failure_exception_types=workflow_failure_exception_types,
        deployment_config=deployment,
    )


def new_replayer(workflows: Sequence[type]) -> Replayer:
    """Build a replayer that runs recorded histories with the current code."""
    return Replayer(
        workflows=workflows,
        data_converter=pydantic_data_converter,
        interceptors=[CheckCalls()],
        workflow_runner=_new_runner(workflows),
        workflow_failure_exception_types=FAILURES,
    )


def _functions(
    activities: Sequence[Callable[..., Any]], dependencies: Any
) -> Iterator[Callable[..., Any]]:
    """The activities themselves: those of a class are the methods of one object."""
    for entry in activities:
        if not inspect.isclass(entry):
            yield entry
            continue
        instance = cast(Callable[[Any], object], entry)(dependencies)
        for name, function in inspect.getmembers(entry, inspect.isroutine):
            if hasattr(function, "__temporal_activity_definition"):
                yield getattr(instance, name)


def _new_runner(workflows: Sequence[type]) -> sandbox.SandboxedWorkflowRunner:
    """Build the runner that executes workflows in the SDK's sandbox.

    The sandbox loads a workflow's module, its parent packages and everything that they
    import again for every execution, so that executions share no state. A module that
    is *passed through* is not loaded again: the workflow gets the one that the process
    has. That is faster, and necessary for modules that do what workflows must not,
    such as a web application or an HTTP client.

    Passed through is what the process has loaded, except the modules next to the
    workflows; the sandbox checks the functions of the standard library in any case. A
    module that a workflow still loads for every execution works, so the SDK warns.
    """
    # Of `app.workflows.greeting.workflow`, `app.workflows` is isolated, with the other
    # workflows, and its parent `app`.
    isolated = {"__main__.", "sys."}
    for workflow in workflows:
        module = f"{workflow.__module__}."
        if module.startswith(_OWN):
            module = f"{_OWN}{module.removeprefix(_OWN).partition('.')[0]}."
        isolated.add(module)

    def is_passed(name: str) -> bool:
        # The application may import the routes of a workflow in `__init__.py`.
        return name.endswith(".routes") or not any(
            f"{name}.".startswith(each) or each.startswith(f"{name}.")
            for each in isolated
        )

    passed = filter(is_passed, tuple(sys.modules))
    default = sandbox.SandboxRestrictions.default
    return sandbox.SandboxedWorkflowRunner(default.with_passthrough_modules(*passed))
