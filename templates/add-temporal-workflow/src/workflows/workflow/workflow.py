"""The workflow: the order of its activities, and how failures are handled.

Temporal runs this code again to restore the state of an execution, so it must make the
same decisions each time. `workflow.now()`, `workflow.random()` and `workflow.uuid4()`
are safe. All I/O, time and randomness belong in activities.
"""

{% macro activity_options() %}
{% if options.schedule_to_close %}
            schedule_to_close_timeout=timedelta({{ options.schedule_to_close }}),
{% endif %}
{% if options.schedule_to_start %}
            schedule_to_start_timeout=timedelta({{ options.schedule_to_start }}),
{% endif %}
{% if options.start_to_close %}
            start_to_close_timeout=timedelta({{ options.start_to_close }}),
{% endif %}
{% if options.heartbeat %}
            heartbeat_timeout=timedelta({{ options.heartbeat }}),
{% endif %}
{% if options.max_attempts %}
            retry_policy=RetryPolicy(maximum_attempts={{ options.max_attempts }}),
{% endif %}
{% endmacro %}
{% if waits %}
import asyncio
{% endif %}
{% if "dt" in uses.workflow %}
import datetime as dt
{% endif %}
from datetime import timedelta
{% if "Decimal" in uses.workflow %}
from decimal import Decimal
{% endif %}

from temporalio import workflow
{% if options.max_attempts %}
from temporalio.common import RetryPolicy
{% endif %}
{% if updates %}
from temporalio.exceptions import ApplicationError
{% endif %}

with workflow.unsafe.imports_passed_through():
    from {{ package }} import activities
    from {{ package_prefix }}models import {{ imports.workflow | join(", ") }}
{% if activities | length > 1 %}

OPTIONS = workflow.ActivityConfig(
{{ activity_options() -}}
)
{% endif %}


@workflow.defn
class {{ workflow_class }}:
{% if waits or queries %}
    def __init__(self) -> None:
{% for signal in signals if not signal.model %}
        self._{{ signal.name }} = asyncio.Event()
{% endfor %}
{% for payload in payloads %}
        self._{{ payload.name }} = asyncio.Future[{{ payload.model }}]()
{% endfor %}
{% for query in queries %}
        self._{{ query.name }} = {{ query.model }}({{ query.name }}={{ query.first }})
{% endfor %}

{% endif %}
    @workflow.run
    async def run(self, input: {{ input_class }}) -> {{ output_class }}:
        """Run the activities and return the result."""
{% for signal in signals if not signal.model %}
        await self._{{ signal.name }}.wait()
{% endfor %}
{% for payload in payloads %}
        {{ payload.name }} = await self._{{ payload.name }}
{% endfor %}
{% for activity in activities %}
{% for query in queries if query.tells_stage and (waits or activity.before) %}
        self._{{ query.name }} = {{ query.model }}({{ query.name }}="{{ activity.name }}")
{% endfor %}
{% if loop.nextitem is defined %}
        {{ activity.name }}_output = await workflow.execute_activity(
{% elif has_final_answers %}
        output = await workflow.execute_activity(
{% else %}
        return await workflow.execute_activity(
{% endif %}
            activities.{{ activity.name }},
{% if activity.before %}
            {{ activity.input }}(
                request=input,
                {{ activity.before }}_output={{ activity.before }}_output,
            ),
{% elif payloads %}
            {{ activity.input }}(
                request=input,
{% for payload in payloads %}
                {{ payload.name }}={{ payload.name }},
{% endfor %}
            ),
{% else %}
            input,
{% endif %}
{% if activities | length > 1 %}
            **OPTIONS,
{% else %}
{{ activity_options() -}}
{% endif %}
        )
{% endfor %}
{% for query in queries if query.last %}
        self._{{ query.name }} = {{ query.model }}({{ query.name }}={{ query.last }})
{% endfor %}
{% if has_final_answers %}
        return output
{% endif %}
{% for signal in signals %}

    @workflow.signal
{% if signal.model %}
    def {{ signal.name }}(self, signal: {{ signal.model }}) -> None:
        """Store the signal that the workflow waits for; ignore later ones."""
        if not self._{{ signal.name }}.done():
            self._{{ signal.name }}.set_result(signal)
{% else %}
    def {{ signal.name }}(self) -> None:
        """Let the waiting workflow continue."""
        self._{{ signal.name }}.set()
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
        self._{{ update.name }}.set_result(update)
        return update

    @{{ update.name }}.validator
    def validate_{{ update.name }}(self, update: {{ update.model }}) -> None:
        """Reject a second update; rejected updates are not in the history."""
        if self._{{ update.name }}.done():
            raise ApplicationError("`{{ update.name }}` is already set")
{% endfor %}
