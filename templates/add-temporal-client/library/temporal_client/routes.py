"""What the routes of workflows share. Imported only by them: it needs FastAPI."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from fastapi import HTTPException
from temporalio.client import (
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from .errors import NotConnectedError

ROUTE_TIMEOUT = timedelta(seconds=10)
"""How long a request waits for Temporal, or for a worker that answers."""

_STATUS = {RPCStatusCode.NOT_FOUND: 404, RPCStatusCode.INVALID_ARGUMENT: 422}


@contextmanager
def as_http_errors() -> Iterator[None]:
    """Turn the errors of Temporal's client into responses of the API."""
    try:
        yield
    except WorkflowAlreadyStartedError as error:
        raise HTTPException(409, "an execution with this id exists") from error
    except (WorkflowQueryFailedError, WorkflowUpdateFailedError) as error:
        raise HTTPException(409, str(error.__cause__ or error)) from error
    except WorkflowUpdateRPCTimeoutOrCancelledError as error:
        raise HTTPException(503, "no worker has answered in time") from error
    except NotConnectedError as error:
        raise HTTPException(503, str(error)) from error
    except RPCError as error:
        is_too_large = "larger than" in error.message
        status = 413 if is_too_large else _STATUS.get(error.status, 503)
        raise HTTPException(status, error.message) from error
