"""Reports workflow types that were started but are not registered.

Without it, nothing shows that such an execution cannot run: the SDK fails its
tasks repeatedly, and everything else looks healthy.
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence

from temporalio import workflow
from temporalio.common import RawValue

logger = logging.getLogger(__name__)

MAX_NAMES = 100
"""Maximum number of names stored; clients can send any name."""

RELOAD_PAUSE = 1.5
"""Seconds to wait for a reload before the first task of a type fails.

A second failure would be retried only after the task's timeout, 10 s by default.
Must be less than the 2 s after which the SDK reports a deadlock.
"""

ANY_TYPE = "(any type)"
"""A dynamic workflow, which handles every type."""

_tries: Counter[str] = Counter()


class UnknownWorkflowTypeError(Exception):
    """The workflow type is not registered in this worker."""


def workflow_names(workflows: Sequence[type]) -> list[str]:
    """The type names of workflow classes, sorted."""
    marker = "__temporal_workflow_definition"
    definitions = [getattr(cls, marker, None) for cls in workflows]
    return sorted(getattr(each, "name", None) or ANY_TYPE for each in definitions)


def unknown_workflow_names() -> list[str]:
    """The types that were started but are not registered, sorted."""
    return sorted(_tries)


@workflow.defn(dynamic=True, sandboxed=False)
class UnknownWorkflow:
    """Handles every type that is not registered.

    It fails the workflow task, not the execution: the server retries the task, so
    the execution continues once a worker has the type.
    """

    tries = 1
    """After how many tries a type is reported. With 2, a reload may add it meanwhile.

    All workers of the process share it.
    """

    @workflow.run
    async def run(self, _: Sequence[RawValue]) -> None:
        """Report the type's name.

        Raises:
            UnknownWorkflowTypeError: Always.
        """
        name = workflow.info().workflow_type[:200]
        _report(name, self.tries)
        raise UnknownWorkflowTypeError(
            f"no workflow {name!r} is registered in this worker"
        )


def _report(name: str, tries: int) -> None:
    if name not in _tries and len(_tries) >= MAX_NAMES:
        return
    _tries[name] += 1
    if _tries[name] < tries:
        # The reloaded worker gets the next task.
        time.sleep(RELOAD_PAUSE)
    elif _tries[name] == tries:
        logger.error(
            "No workflow %r is registered in this worker: its executions wait. "
            "Add it to the registry, and restart the worker if it does not reload.",
            name,
        )
