"""The workflow: the order of its activities, and how failures are handled.

Temporal runs this code again to restore the state of an execution, so it must make the
same decisions each time. `workflow.now()`, `workflow.random()` and `workflow.uuid4()`
are safe. All I/O, time and randomness belong in activities.
"""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from . import activities
    from .models import GreetingInput, GreetingOutput


@workflow.defn
class GreetingWorkflow:
    @workflow.run
    async def run(self, input: GreetingInput) -> GreetingOutput:
        """Run the activities and return the result."""
        return await workflow.execute_activity(
            activities.process, input, start_to_close_timeout=timedelta(seconds=30)
        )
