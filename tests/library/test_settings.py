"""Settings are read from variables; errors name the variable."""

from datetime import timedelta

import pytest

from temporal_client import ConfigurationError, TemporalSettings


def test_every_setting_has_a_default() -> None:
    assert TemporalSettings.from_env({}) == TemporalSettings()


def test_empty_variables_count_as_not_set() -> None:
    env = {"TEMPORAL_TASK_QUEUE": "", "TEMPORAL_EMBEDDED_WORKER": " "}
    assert TemporalSettings.from_env(env) == TemporalSettings()


def test_every_setting_is_read() -> None:
    env = {
        "TEMPORAL_TASK_QUEUE": "orders",
        "TEMPORAL_EMBEDDED_WORKER": "false",
        "TEMPORAL_GRACEFUL_SHUTDOWN_SECONDS": "2.5",
        "TEMPORAL_MAX_CONCURRENT_WORKFLOW_TASKS": "7",
        "TEMPORAL_MAX_CONCURRENT_ACTIVITIES": "8",
        "TEMPORAL_STICKY_TIMEOUT_SECONDS": "1.5",
        "TEMPORAL_WORKER_PROCESSES": "3",
        "TEMPORAL_METRICS_ADDRESS": ":9000",
        "TEMPORAL_WORKER_DEPLOYMENT": "shop",
        "TEMPORAL_WORKER_BUILD_ID": "v1",
    }
    assert TemporalSettings.from_env(env) == TemporalSettings(
        task_queue="orders",
        embedded_worker=False,
        graceful_shutdown=timedelta(seconds=2.5),
        max_concurrent_workflow_tasks=7,
        max_concurrent_activities=8,
        sticky_timeout=timedelta(seconds=1.5),
        worker_processes=3,
        metrics_address=":9000",
        deployment_name="shop",
        build_id="v1",
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("TEMPORAL_EMBEDDED_WORKER", "maybe"),
        ("TEMPORAL_MAX_CONCURRENT_ACTIVITIES", "0"),
        ("TEMPORAL_MAX_CONCURRENT_WORKFLOW_TASKS", "many"),
        ("TEMPORAL_GRACEFUL_SHUTDOWN_SECONDS", "-1"),
        ("TEMPORAL_GRACEFUL_SHUTDOWN_SECONDS", "nan"),
        ("TEMPORAL_GRACEFUL_SHUTDOWN_SECONDS", "inf"),
        ("TEMPORAL_MAX_CONCURRENT_ACTIVITIES", "99999999999999999999"),
        ("TEMPORAL_WORKER_PROCESSES", "257"),
    ],
)
def test_a_wrong_setting_is_named(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} is `{text}`: "):
        TemporalSettings.from_env({name: text})
