"""What the workflow does in the world: networks, files, clocks, chance.

Temporal runs an activity again after a failure, and also when a worker died before
it could report: make each one safe to repeat. Raise `ApplicationError` with
`non_retryable=True` for what no further attempt can mend.
"""

{{ imports }}


{{ decorator }}
{{ signature }}
    """Make the workflow's result from its input."""
{{ result }}
