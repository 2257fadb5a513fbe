"""Workflows and activities for the tests of the library on a real server."""

import asyncio
import functools
import logging
import time
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel
from temporalio import activity, workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from temporal_client import heartbeating


class Name(BaseModel):
    name: str


@workflow.defn
class Greeter:
    """Waits for a name in a signal or an update, and returns it with its input."""

    def __init__(self) -> None:
        self._name: str | None = None

    @workflow.run
    async def run(self, input: Name) -> str:
        workflow.logger.info("greets")
        await workflow.wait_condition(lambda: self._name is not None)
        return f"{input.name} and {self._name}"

    @workflow.signal
    def called(self, signal: Name) -> None:
        self._name = signal.name

    @workflow.update
    def rename(self, update: Name) -> str:
        self._name = update.name
        return update.name

    @workflow.signal
    async def called_later(self, signal: Name) -> None:
        self._name = signal.name

    @workflow.update
    async def rename_later(self, update: Name) -> str:
        self._name = update.name
        return update.name

    @workflow.query
    def name(self, prefix: str) -> str:
        return f"{prefix}{self._name}"


def with_two(function: Any) -> Any:
    """Give a method two as its last argument."""

    @functools.wraps(function)
    async def decorated(self: Any, *arguments: Any) -> Any:
        return await function(self, *arguments, 2)

    return decorated


@workflow.defn
class Made:
    """Is made from its input."""

    @workflow.init
    def __init__(self, input: Name) -> None:
        self._name = input.name

    @workflow.run
    async def run(self, input: Name) -> str:
        return f"{self._name} {input.name}"


@workflow.defn
class Decorated:
    @workflow.run
    @with_two
    async def run(self, number: int, two: int) -> int:
        return number + two


@workflow.defn
class Clock:
    @workflow.run
    async def run(self) -> str:
        return str(datetime.now())


@workflow.defn
class Caller:
    """Executes an activity with these arguments."""

    @workflow.run
    async def run(self, name: str, arguments: list[Any], attempts: int) -> Any:
        return await workflow.execute_activity(
            name,
            args=arguments,
            start_to_close_timeout=timedelta(seconds=2),
            schedule_to_close_timeout=timedelta(seconds=30),
            heartbeat_timeout=timedelta(milliseconds=600),
            retry_policy=RetryPolicy(
                maximum_attempts=attempts,
                initial_interval=timedelta(milliseconds=100),
                non_retryable_error_types=["ValidationError"],
            ),
        )


@activity.defn
def nothing() -> Name:
    return None  # type: ignore[return-value]


@activity.defn
def maybe() -> Name | None:
    return None


@activity.defn
def greet(name: Name) -> str:
    logging.getLogger("of.the.service").warning("greeting %s", name.name)
    return f"Hello {name.name}"


@activity.defn
def too_slow() -> None:
    with heartbeating():
        time.sleep(4)


@activity.defn
async def blocking() -> None:
    time.sleep(5)


@activity.defn
def progress() -> list[int]:
    """Reports 7 and is silent until a heartbeat has followed; the next attempt ends."""
    with heartbeating() as details:
        if details:
            return list(details)
        activity.heartbeat(7)
        time.sleep(0.5)
        raise ConnectionError("the first attempt fails")


@activity.defn
def invalid() -> None:
    Name.model_validate({})


class Resources:
    """What the methods below share, and a note of what happened to it."""

    def __init__(self) -> None:
        self.events: list[str] = []


class Shared:
    def __init__(self, dependencies: Resources) -> None:
        self.dependencies = dependencies

    @activity.defn
    def use(self) -> str:
        self.dependencies.events.append("used")
        return "used"

    @classmethod
    @activity.defn
    def of_class(cls) -> str:
        return cls.__name__

    @activity.defn
    async def use_async(self) -> str:
        await asyncio.sleep(0)
        return self.use()

    def no_activity(self) -> None:
        raise AssertionError


WORKFLOWS = [Greeter, Clock, Caller, Decorated, Made]
ACTIVITIES = [nothing, maybe, greet, too_slow, blocking, progress, invalid, Shared]
