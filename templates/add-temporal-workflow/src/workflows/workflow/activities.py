"""Activities: all I/O, time and randomness.

Temporal retries an activity after a failure, or if a worker dies before it reports the
result, so each activity must be safe to repeat. `idempotency_key()` of
`temporal_client` is the same for every attempt: pass it to services that accept one.
Mark an error that no retry can fix as non-retryable:

    raise ApplicationError("the card is blocked", non_retryable=True)

Log with `activity.logger`: it adds the execution.
"""

{% if "dt" in uses.activities %}
import datetime as dt
{% endif %}
{% if "Decimal" in uses.activities %}
from decimal import Decimal
{% endif %}
{% if "uuid5" in uses.activities %}
from uuid import NAMESPACE_URL, uuid5
{% endif %}

from temporalio import activity

{% set helpers = ["heartbeating"] if options.heartbeat else [] %}
{% if "idempotency_key" in uses.activities %}
{% set helpers = helpers + ["idempotency_key"] %}
{% endif %}
{% set own_imports = [[package_prefix ~ "models", imports.activities | join(", ")]] %}
{% if helpers %}
{% set own_imports = own_imports + [[client_from_package, helpers | join(", ")]] %}
{% endif %}
{% if dependencies_from_package %}
{% set own_imports = own_imports + [[dependencies_from_package, "Dependencies"]] %}
{% endif %}
{% for module, names in own_imports | sort %}
from {{ module }} import {{ names }}
{% endfor %}
{% if activities_class %}


class {{ activities_class }}:
    """The activities. A worker makes one object of this class, for all executions."""

    def __init__(self, dependencies: Dependencies) -> None:
        self.dependencies = dependencies
{% endif %}
{% set indent = "    " if activities_class else "" %}
{% for activity in activities %}

{% if not activities_class %}

{% endif %}
{{ indent }}@activity.defn(name="{{ workflow }}.{{ activity.name }}")
{{ indent }}def {{ activity.name }}({{ "self, " if activities_class else "" }}input: {{ activity.input }}) -> {{ activity.output }}:
{% if loop.nextitem is defined %}
    {{ indent }}"""Do this step, and return what later ones need."""
{% else %}
    {{ indent }}"""Create the workflow's result from its input."""
{% endif %}
{% if options.heartbeat %}
    {{ indent }}with heartbeating():
        {{ indent }}return {{ activity.output }}({{ activity.values | join(", ") }})
{% else %}
    {{ indent }}return {{ activity.output }}({{ activity.values | join(", ") }})
{% endif %}
{% endfor %}
