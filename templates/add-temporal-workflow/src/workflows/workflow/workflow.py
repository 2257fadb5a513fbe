"""The workflow: the order of its activities, and how failures are handled.

Temporal runs this code again to restore the state of an execution, so it must make the
same decisions each time. `workflow.now()`, `workflow.random()` and `workflow.uuid4()`
are safe, and `workflow.logger` logs only once. All I/O, time and randomness belong in
activities. Executions may be running when you change this code: put new calls and waits
below `if workflow.patched("NAME"):`.
"""

{% if "dt" in uses.workflow %}
import datetime as dt
{% endif %}
{% if waits %}
from contextlib import suppress
{% endif %}
from datetime import timedelta
{% if "Decimal" in uses.workflow %}
from decimal import Decimal
{% endif %}

from temporalio import workflow
from temporalio.common import RetryPolicy
{% if waits %}
from temporalio.exceptions import ApplicationError
{% endif %}

# The sandbox does not load these modules again for every execution.
with workflow.unsafe.imports_passed_through():
    from {{ package_prefix }}activities import {{ imports.functions | join(", ") }}
    from {{ package_prefix }}models import {{ imports.workflow | join(", ") }}

OPTIONS = workflow.ActivityConfig(
    schedule_to_close_timeout=timedelta({{ options.schedule_to_close }}),
{% if options.schedule_to_start %}
    schedule_to_start_timeout=timedelta({{ options.schedule_to_start }}),
{% endif %}
{% if options.start_to_close %}
    start_to_close_timeout=timedelta({{ options.start_to_close }}),
{% endif %}
{% if options.heartbeat %}
    heartbeat_timeout=timedelta({{ options.heartbeat }}),
{% endif %}
    retry_policy=RetryPolicy(
{% if options.max_attempts %}
        maximum_attempts={{ options.max_attempts }},
{% endif %}
        non_retryable_error_types=["ValidationError"],
    ),
)
{% if options.max_attempts %}
"""A failed attempt is repeated, up to `maximum_attempts` in all, unless its error is
one of `non_retryable_error_types`. An activity that has not succeeded then, or within
`schedule_to_close_timeout`, fails the workflow.
"""
{% else %}
"""A failed attempt is repeated, unless its error is one of `non_retryable_error_types`.
An activity that has not succeeded within `schedule_to_close_timeout` fails the
workflow.
"""
{% endif %}
{% if waits %}

WAIT_TIMEOUT = timedelta({{ options.wait }})
"""How long the workflow waits for each message; then it fails."""
{% endif %}


@workflow.defn
class {{ workflow_class }}:
{% if waits or queries %}
    def __init__(self) -> None:
{% for signal in signals if not signal.model %}
        self._{{ signal.name }} = False
{% endfor %}
{% for payload in payloads %}
        self._{{ payload.name }}: {{ payload.model }} | None = None
{% endfor %}
{% for query in queries %}
        self._{{ query.name }} = {{ query.model }}({{ query.name }}={{ query.first }})
{% endfor %}

{% endif %}
    @workflow.run
    async def run(self, input: {{ input_class }}) -> {{ output_class }}:
        """{{ "Wait for the messages, run" if waits else "Run" }} the activities and return the result."""
{% for signal in signals if not signal.model %}
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._{{ signal.name }}, timeout=WAIT_TIMEOUT)
        if not self._{{ signal.name }}:
            raise ApplicationError(f"no `{{ signal.name }}` within {WAIT_TIMEOUT}", type="WaitTimeout")
{% endfor %}
{% for payload in payloads %}
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: self._{{ payload.name }} is not None, timeout=WAIT_TIMEOUT)
        if self._{{ payload.name }} is None:
            raise ApplicationError(f"no `{{ payload.name }}` within {WAIT_TIMEOUT}", type="WaitTimeout")
{% endfor %}
{% for activity in activities %}
{% for query in queries if query.tells_stage and (waits or activity.before) %}
        self._{{ query.name }} = {{ query.model }}({{ query.name }}="{{ activity.name }}")
{% endfor %}
{% if loop.nextitem is defined %}
        {{ activity.name }}_output = await workflow.{{ execute }}(
{% elif has_final_answers or updates %}
        output = await workflow.{{ execute }}(
{% else %}
        return await workflow.{{ execute }}(
{% endif %}
            {{ activity.reference }},
{% if activity.fields %}
            {{ activity.input }}(
{% for field in activity.fields %}
                {{ field.name }}={{ field.value }},
{% endfor %}
            ),
{% else %}
            input,
{% endif %}
            **OPTIONS,
        )
{% endfor %}
{% for query in queries if query.last %}
        self._{{ query.name }} = {{ query.model }}({{ query.name }}={{ query.last }})
{% endfor %}
{% if updates %}
        await workflow.wait_condition(workflow.all_handlers_finished)
{% endif %}
{% if has_final_answers or updates %}
        return output
{% endif %}
{% for signal in signals %}

    @workflow.signal
{% if signal.model %}
    def {{ signal.name }}(self, signal: {{ signal.model }}) -> None:
        """Store the signal that the workflow waits for; ignore later ones."""
        if self._{{ signal.name }} is None:
            self._{{ signal.name }} = signal
{% else %}
    def {{ signal.name }}(self) -> None:
        """Let the waiting workflow continue."""
        self._{{ signal.name }} = True
{% endif %}
{% endfor %}
{% for query in queries %}

    @workflow.query
    def {{ query.name }}(self) -> {{ query.model }}:
        """Answer at any time, even after completion."""
        return self._{{ query.name }}
{% endfor %}
{% for update in updates %}

    @workflow.update
    def {{ update.name }}(self, update: {{ update.model }}) -> {{ update.model }}:
        """Store the update that the workflow waits for, and return it."""
        self._{{ update.name }} = update
        return update

    @{{ update.name }}.validator
    def validate_{{ update.name }}(self, update: {{ update.model }}) -> None:
        """Reject a second update; rejected updates are not in the history."""
        if self._{{ update.name }} is not None:
            raise ApplicationError("`{{ update.name }}` is already set")
{% endfor %}
