"""Finds workflow types that a worker is asked for and does not have.

Without this, such an execution waits without a word: the SDK fails its tasks again and
again, and everything else looks healthy.
"""

import logging
import time
from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue

from .errors import ConfigurationError
from .settings import is_dev_mode

logger = logging.getLogger(__name__)

MAX_NAMES = 100
"""How many names are kept: anybody can ask for any name."""

RELOAD_PAUSE = 1.5
"""Seconds that a reload has to begin before the first task of a type fails.

A second failure would be retried only after the task's timeout, 10 s by default.
Must be less than the 2 s after which the SDK reports a deadlock.
"""

_names: set[str] = set()


class UnknownWorkflowTypeError(Exception):
    """This worker has no workflow of the type that it was asked for."""


def workflow_names(workflows: Sequence[type]) -> list[str]:
    """The type names of workflow classes, sorted; one that takes any type has none."""
    definitions = [
        getattr(cls, "__temporal_workflow_definition", None) for cls in workflows
    ]
    names = [getattr(definition, "name", None) for definition in definitions]
    return sorted(name for name in names if name is not None)


def takes_any_type(workflows: Sequence[type]) -> bool:
    """Whether one of the classes is a dynamic workflow."""
    return len(workflow_names(workflows)) < len(workflows)


def unknown_workflow_names() -> list[str]:
    """The types that this process was asked for and does not have, sorted."""
    return sorted(_names)


@workflow.defn(dynamic=True, sandboxed=False)
class UnknownWorkflow:
    """Stands in for every type that is not registered.

    It fails the workflow task, not the execution: the server tries the task again, so
    that the execution goes on once a worker has the type.
    """

    @workflow.run
    async def run(self, _: Sequence[RawValue]) -> None:
        """Report the type's name.

        Raises:
            UnknownWorkflowTypeError: Always.
        """
        name = workflow.info().workflow_type
        if name not in _names and len(_names) < MAX_NAMES:
            _names.add(name)
            _report(name)
        raise UnknownWorkflowTypeError(
            f"no workflow `{name}` is registered in this worker"
        )


def _report(name: str) -> None:
    logger.error(
        "No workflow `%s` is registered in this worker: its executions wait. Add it to "
        "the registry, and restart the worker if it does not reload.",
        name,
    )
    if _reloads():
        # The workflow may just have been added: its next task is then for the worker
        # that has it.
        time.sleep(RELOAD_PAUSE)


def _reloads() -> bool:
    try:
        return is_dev_mode()
    except ConfigurationError:
        return False
