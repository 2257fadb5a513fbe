"""Builds workers and replayers, so that tests run what production runs."""

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

# A module that a workflow imports outside `workflow.unsafe.imports_passed_through()`
# is reloaded for every execution. This works but is slow, so the SDK warns.
_RESTRICTIONS = SandboxRestrictions.default.with_import_notification_policy(
    SandboxImportNotificationPolicy.WARN_ON_DYNAMIC_IMPORT
    | SandboxImportNotificationPolicy.WARN_ON_UNINTENTIONAL_PASSTHROUGH
)

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
        workflow_runner=SandboxedWorkflowRunner(restrictions=_RESTRICTIONS),
        sticky_queue_schedule_to_start_timeout=settings.sticky_timeout,
        max_concurrent_workflow_tasks=settings.max_concurrent_workflow_tasks,
        max_concurrent_activities=settings.max_concurrent_activities,
        graceful_shutdown_timeout=settings.graceful_shutdown,
        workflow_failure_exception_types=_FAILURES,
        deployment_config=deployment,
    )


def new_replayer(workflows: Sequence[type]) -> Replayer:
    """Build a replayer that runs recorded histories with the current code.

    Args:
        workflows: The classes decorated with `@workflow.defn`.
    """
    return Replayer(
        workflows=workflows,
        data_converter=pydantic_data_converter,
        workflow_runner=SandboxedWorkflowRunner(restrictions=_RESTRICTIONS),
        workflow_failure_exception_types=_FAILURES,
    )
