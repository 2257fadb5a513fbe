import dataclasses
import time
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from temporal_client import heartbeating, idempotency_key


def environment(
    heartbeat_timeout: timedelta | None,
) -> tuple[ActivityEnvironment, list[float]]:
    beats: list[float] = []
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(
        environment.info, heartbeat_timeout=heartbeat_timeout
    )
    environment.on_heartbeat = lambda *_: beats.append(time.monotonic())
    return environment, beats


def wait_for(beats: list[float], count: int) -> None:
    until = time.monotonic() + 30
    while len(beats) < count:
        assert time.monotonic() < until, "no heartbeat sent"
        time.sleep(0.005)


def test_heartbeats_come_until_the_block_ends() -> None:
    activity, beats = environment(timedelta(milliseconds=30))

    def work() -> int:
        with heartbeating():
            wait_for(beats, 3)
        return len(beats)

    at_the_end = activity.run(work)
    time.sleep(0.1)
    assert len(beats) == at_the_end


def test_an_error_in_the_block_ends_the_heartbeats_too() -> None:
    activity, beats = environment(timedelta(milliseconds=30))

    def work() -> None:
        with heartbeating():
            wait_for(beats, 1)
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        activity.run(work)
    at_the_end = len(beats)
    time.sleep(0.1)
    assert len(beats) == at_the_end


def test_without_a_heartbeat_timeout_nothing_is_sent() -> None:
    activity, beats = environment(None)

    def work() -> str:
        with heartbeating():
            return "done"

    assert activity.run(work) == "done"
    assert beats == []


def test_the_key_is_that_of_the_activity_and_not_of_the_attempt() -> None:
    activity, _ = environment(None)
    first = activity.run(idempotency_key)
    activity.info = dataclasses.replace(activity.info, attempt=2)
    assert activity.run(idempotency_key) == first
    activity.info = dataclasses.replace(activity.info, activity_id="other")
    assert activity.run(idempotency_key) != first
