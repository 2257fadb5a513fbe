"""Builds workers and replayers, so that tests run what production runs."""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

from pydantic import ValidationError
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer, Worker, WorkerDeploymentConfig
from temporalio.worker.workflow_sandbox import (
    SandboxedWorkflowRunner,
    SandboxRestrictions,
)
from temporalio.workflow import SandboxImportNotificationPolicy

from .settings import TemporalSettings
from .unknown import ANY_TYPE, UnknownWorkflow, workflow_names

_SERVICE = str(__package__).rpartition(".")[0]
"""The package of the service; empty if its modules are at the top level."""

# Invalid input fails the workflow immediately. Without this, its task is retried
# until the execution times out.
_FAILURES: Sequence[type[BaseException]] = [ValidationError]


def new_executor(settings: TemporalSettings) -> ThreadPoolExecutor:
    """Create a pool: one thread per concurrent activity."""
    return ThreadPoolExecutor(
        max_workers=settings.max_concurrent_activities,
        thread_name_prefix="temporal-activity",
    )


def new_worker(
    client: Client,
    settings: TemporalSettings,
    *,
    workflows: Sequence[type],
    activities: Sequence[Callable[..., Any]],
    activity_executor: Executor | None = None,
    versioned: bool = False,
) -> Worker:
    """Build a worker; it takes no tasks until it is run.

    Args:
        client: An open connection on which no worker has failed to start.
        settings: The task queue, limits and graceful shutdown timeout.
        workflows: The classes decorated with `@workflow.defn`.
        activities: The functions decorated with `@activity.defn`.
        activity_executor: Runs activities written with `def`; created if omitted.
            Those written with `async def` run in the event loop and must not block it.
        versioned: Whether a build ID in the settings enables worker versioning.
    """
    deployment = None
    if versioned and settings.build_id is not None:
        deployment = WorkerDeploymentConfig(
            version=WorkerDeploymentVersion(
                deployment_name=settings.deployment_name, build_id=settings.build_id
            ),
            use_worker_versioning=True,
            default_versioning_behavior=VersioningBehavior.PINNED,
        )
    with_unknown = list(workflows)
    if ANY_TYPE not in workflow_names(workflows):
        with_unknown.append(UnknownWorkflow)
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=with_unknown,
        activities=activities,
        activity_executor=activity_executor or new_executor(settings),
        workflow_runner=_new_runner(workflows),
        sticky_queue_schedule_to_start_timeout=settings.sticky_timeout,
        max_concurrent_workflow_tasks=settings.max_concurrent_workflow_tasks,
        max_concurrent_activities=settings.max_concurrent_activities,
        graceful_shutdown_timeout=settings.graceful_shutdown,
        workflow_failure_exception_types=_FAILURES,
        deployment_config=deployment,
    )


def _new_runner(workflows: Sequence[type]) -> SandboxedWorkflowRunner:
    """Build the runner that executes workflows in the SDK's sandbox.

    The sandbox loads a workflow's module, its parent packages and everything that they
    import again for every execution. That is slow, and the worker does not start if a
    parent package imports a web application or an HTTP client. So modules that are
    already loaded are not loaded again, except those of the standard library, which the
    sandbox checks, and those next to the workflows.

    A module that a workflow still loads for every execution works, so the SDK warns.
    """
    restrictions = SandboxRestrictions.default.with_import_notification_policy(
        SandboxImportNotificationPolicy.WARN_ON_DYNAMIC_IMPORT
    )
    own = _SERVICE.split(".") if _SERVICE else []
    parents: set[str] = set()
    isolated: set[str] = {"__main__"}
    for workflow in workflows:
        names = workflow.__module__.split(".")
        # For `app.workflows.greeting.workflow`, `app.workflows` is isolated, with the
        # other workflows, and its parent `app`.
        is_own = names[: len(own)] == own
        depth = min(len(own) + 1, len(names)) if is_own else len(names)
        isolated.add(".".join(names[:depth]))
        parents.update(".".join(names[:count]) for count in range(1, depth))

    def is_passed(name: str) -> bool:
        is_isolated = any(f"{name}.".startswith(f"{part}.") for part in isolated)
        is_standard = name.partition(".")[0] in sys.stdlib_module_names
        return not (is_isolated or is_standard or name in parents)

    passed = [name for name in tuple(sys.modules) if is_passed(name)]
    return SandboxedWorkflowRunner(
        restrictions=restrictions.with_passthrough_modules(*passed)
    )


def new_replayer(workflows: Sequence[type]) -> Replayer:
    """Build a replayer that runs recorded histories with the current code.

    Args:
        workflows: The classes decorated with `@workflow.defn`.
    """
    return Replayer(
        workflows=workflows,
        data_converter=pydantic_data_converter,
        workflow_runner=_new_runner(workflows),
        workflow_failure_exception_types=_FAILURES,
    )
