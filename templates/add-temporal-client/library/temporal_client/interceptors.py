"""Checks the calls of workflows and activities, and reports activities that block.

Without these checks, a call with wrong arguments is a `TypeError` in the workflow's
code, which the SDK treats like a bug: it retries the task until the code is fixed.
"""

import asyncio
import functools
import inspect
import logging
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, get_type_hints

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    HandleSignalInput,
    HandleUpdateInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

logger = logging.getLogger(__name__)

BLOCKED_AFTER = 2.0
"""Seconds after which a blocked event loop is reported."""


class CheckCalls(Interceptor):
    """Makes calls that cannot succeed fail at once, with an error that says why."""

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        """Check the calls of workflows, signals and updates."""
        return _CheckWorkflow

    def intercept_activity(
        self, next: ActivityInboundInterceptor
    ) -> ActivityInboundInterceptor:
        """Check the calls and the results of activities."""
        return _CheckActivity(next)


def check_arguments(
    what: str, function: Callable[..., Any], given: Sequence[Any]
) -> None:
    """Check that a function can be called with these arguments.

    Raises:
        ApplicationError: It cannot. A retry does not help.
    """
    # A decorated function may take other arguments than the one that it wraps.
    signature = inspect.signature(function, follow_wrapped=False)
    try:
        signature.bind(*given)
    except TypeError as error:
        types = ", ".join(type(value).__name__ for value in given) or "nothing"
        wanted = ", ".join(str(each) for each in signature.parameters.values())
        message = f"{what} wants ({wanted}) and was given {types}: {error}"
        failure = ApplicationError(message, type="WrongArguments", non_retryable=True)
        raise failure from None


def _checked(name: str, made: Callable[..., None]) -> Callable[..., None]:
    """A constructor that checks its arguments."""

    @functools.wraps(made)
    def checked(self: object, *given: Any) -> None:
        check_arguments(f"workflow `{name}`", partial(made, self), given)
        made(self, *given)

    vars(checked)["_is_checked"] = True
    return checked


class _CheckWorkflow(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(outbound)
        # The SDK makes a workflow with `@workflow.init` from the arguments before it
        # calls `execute_workflow`.
        inner: Any = self
        while not hasattr(inner, "_instance") and hasattr(inner, "next"):
            inner = inner.next
        definition: Any = getattr(getattr(inner, "_instance", None), "_defn", None)
        made: Any = getattr(getattr(definition, "cls", None), "__init__", None)
        is_checked = getattr(made, "_is_checked", False)
        if hasattr(made, "__temporal_workflow_init") and not is_checked:
            definition.cls.__init__ = _checked(definition.name, made)

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        without_self = partial(input.run_fn, None)
        name = workflow.info().workflow_type
        check_arguments(f"workflow `{name}`", without_self, input.args)
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:
        handler = workflow.get_signal_handler(input.signal)
        if handler is not None:
            try:
                self._check("signal", input.signal, handler, input.args)
            except ApplicationError as error:
                # Nobody waits for the answer to a signal, and the workflow is not at
                # fault: it continues as if the signal had not been sent.
                workflow.logger.error("Dropped a signal: %s", error)
                return
        await super().handle_signal(input)

    def handle_update_validator(self, input: HandleUpdateInput) -> None:
        self._check_update(input)
        super().handle_update_validator(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        self._check_update(input)
        return await super().handle_update_handler(input)

    def _check_update(self, input: HandleUpdateInput) -> None:
        handler = workflow.get_update_handler(input.update)
        if handler is not None:
            self._check("update", input.update, handler, input.args)

    def _check(
        self, kind: str, name: str, handler: Callable[..., Any], given: Sequence[Any]
    ) -> None:
        if getattr(handler, "__qualname__", "") == "_bind_method.<locals>.with_object":
            # The SDK wraps an `async def` method in a function of any arguments.
            bound = inspect.getclosurevars(handler).nonlocals
            handler = partial(bound["fn"], bound["obj"])
        what = f"{kind} `{name}` of workflow `{workflow.info().workflow_type}`"
        check_arguments(what, handler, given)


class _CheckActivity(ActivityInboundInterceptor):
    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        super().init(_RepeatDetails(outbound))

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        name = f"activity `{info.activity_type}`"
        check_arguments(name, input.fn, input.args)
        task = asyncio.current_task()
        if task is not None and inspect.iscoroutinefunction(input.fn):
            task.set_name(name)  # For `report_blocked_loop`.
        timeout = info.start_to_close_timeout or info.schedule_to_close_timeout
        late = asyncio.get_running_loop().call_later(
            timeout.total_seconds() if timeout else 0,
            logger.warning,
            "%s of workflow %s still runs after its timeout of %s (attempt %d). "
            "Temporal does not wait for it, but it occupies a slot of this worker",
            name,
            info.workflow_id,
            timeout,
            info.attempt,
        )
        try:
            result = await super().execute_activity(input)
        finally:
            late.cancel()
        if result is None:
            _check_none(name, input.fn)
        return result


class _RepeatDetails(ActivityOutboundInterceptor):
    """A heartbeat without details would erase those that were sent before."""

    _last: Sequence[Any] = ()

    def heartbeat(self, *details: Any) -> None:
        self._last = details or self._last or self.info().heartbeat_details
        super().heartbeat(*self._last)


def _check_none(name: str, function: Callable[..., Any]) -> None:
    """Fail if a function that promises a result has returned `None`."""
    try:
        promised: Any = get_type_hints(function).get("return")
        adapter = TypeAdapter(promised)
    except (NameError, PydanticUserError):
        return  # It cannot be evaluated here, or Pydantic does not know the type.
    try:
        adapter.validate_python(None)
    except Exception as error:
        message = f"{name} returned None, and promises {promised}"
        raise ApplicationError(message, type="NoResult", non_retryable=True) from error


@contextmanager
def report_blocked_loop() -> Iterator[None]:
    """Report what blocks the running event loop while the block runs.

    Every activity, heartbeat and request of the process waits meanwhile. Blocking work
    belongs into activities written with `def`, which run in threads.
    """
    loop, thread = asyncio.get_running_loop(), threading.get_ident()
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(BLOCKED_AFTER / 2):
            answered = threading.Event()
            try:
                loop.call_soon_threadsafe(answered.set)
            except RuntimeError:
                return  # The loop is closed.
            if answered.wait(BLOCKED_AFTER):
                continue
            task = asyncio.current_task(loop)
            name = task.get_name() if task is not None else ""
            is_activity = name.startswith("activity `")
            frame = sys._current_frames().get(thread)
            logger.error(
                "%s blocks the event loop: write blocking activities with `def`. It is "
                "at\n%s",
                name if is_activity else "other code than an activity",
                "".join(traceback.format_stack(frame, limit=4)).rstrip(),
            )
            while not answered.wait(BLOCKED_AFTER) and not ended.is_set():
                pass

    threading.Thread(target=watch, name="temporal-loop-watch", daemon=True).start()
    try:
        yield
    finally:
        ended.set()
