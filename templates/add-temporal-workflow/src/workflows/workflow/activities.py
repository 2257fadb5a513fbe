"""What the workflow does in the world: networks, files, clocks, chance.

Temporal runs an activity again after a failure, and also when a worker died before
it could report, so each has to be safe to repeat. `idempotency_key()` of
`temporal_client` is the same for every attempt: a service that is given it acts only
once. What no further attempt can mend is raised as a failure that is final:

    raise ApplicationError("the card is blocked", non_retryable=True)
"""

{{ imports }}
{% for activity in activities %}


{{ activity.decorator }}
{{ activity.signature }}
    """{{ activity.about }}"""
{% if heartbeat %}
    with heartbeating():
{% endif %}
{{ activity.result }}
{% endfor %}
