"""Activities: all I/O, time and randomness.

Temporal retries an activity after a failure, or if a worker dies before it reports the
result, so each activity must be safe to repeat. `idempotency_key()` of
`temporal_client` is the same for every attempt: pass it to services that accept one.
Mark an error that no retry can fix as non-retryable:

    raise ApplicationError("the card is blocked", non_retryable=True)
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

{% if options.heartbeat and "idempotency_key" in uses.activities %}
from {{ client_from_package }} import heartbeating, idempotency_key
{% elif options.heartbeat %}
from {{ client_from_package }} import heartbeating
{% elif "idempotency_key" in uses.activities %}
from {{ client_from_package }} import idempotency_key
{% endif %}
from {{ package_prefix }}models import {{ imports.activities | join(", ") }}
{% for activity in activities %}


@activity.defn(name="{{ workflow }}.{{ activity.name }}")
def {{ activity.name }}(input: {{ activity.input }}) -> {{ activity.output }}:
{% if loop.nextitem is defined %}
    """Do this step, and return data for `{{ loop.nextitem.name }}`."""
{% else %}
    """Create the workflow's result from its input."""
{% endif %}
{% if options.heartbeat %}
    with heartbeating():
        return {{ activity.output }}({{ activity.values | join(", ") }})
{% else %}
    return {{ activity.output }}({{ activity.values | join(", ") }})
{% endif %}
{% endfor %}
