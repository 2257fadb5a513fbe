"""The workflow: what is done, in which order, and what happens when it fails.

Temporal runs this code again to find out where it stood, so it must come to the same
decisions each time: `workflow.now()`, `workflow.random()` and `workflow.uuid4()` do,
and everything else that depends on the world is for activities.
"""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
{{ imports }}


@workflow.defn
class {{ workflow_class }}:
    @workflow.run
{{ signature }}
        """Decide what is done, from the input to the result."""
        return await workflow.execute_activity(
            activities.{{ activity }},
            input,
            start_to_close_timeout=timedelta(seconds=30),
        )
