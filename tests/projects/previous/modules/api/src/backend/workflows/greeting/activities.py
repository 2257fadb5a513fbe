"""Activities: all I/O, time and randomness.

Temporal retries an activity after a failure, or if a worker dies before it reports the
result, so each activity must be safe to repeat. `idempotency_key()` of
`temporal_client` is the same for every attempt: pass it to services that accept one.
Mark an error that no retry can fix as non-retryable:

    raise ApplicationError("the card is blocked", non_retryable=True)
"""

from temporalio import activity

from .models import GreetingInput, GreetingOutput


@activity.defn(name="greeting.process")
def process(input: GreetingInput) -> GreetingOutput:
    """Create the workflow's result from its input."""
    return GreetingOutput(message=input.message)
