"""Settings are read from variables; errors name the variable."""

import pytest

from temporal_client import ConfigurationError, TemporalSettings


def test_every_setting_has_a_default() -> None:
    assert TemporalSettings.from_env({}) == TemporalSettings()


def test_empty_variables_count_as_not_set() -> None:
    env = {"TEMPORAL_TASK_QUEUE": "", "TEMPORAL_EMBEDDED_WORKER": " "}
    assert TemporalSettings.from_env(env) == TemporalSettings()


def test_every_setting_is_read() -> None:
    env = {
        "TEMPORAL_TASK_QUEUE": " orders ",
        "TEMPORAL_EMBEDDED_WORKER": "False",
        "TEMPORAL_GRACEFUL_SHUTDOWN_SECONDS": "2.5",
        "TEMPORAL_MAX_CONCURRENT_WORKFLOW_TASKS": "7",
        "TEMPORAL_MAX_CONCURRENT_ACTIVITIES": "8",
        "TEMPORAL_STICKY_TIMEOUT_SECONDS": "1.5",
        "TEMPORAL_METRICS_ADDRESS": ":9000",
        "TEMPORAL_HEALTH_ADDRESS": ":8080",
        "TEMPORAL_RELOAD": "on",
        "TEMPORAL_WORKER_BUILD_ID": "v1",
        "TEMPORAL_DEPLOYMENT_NAME": "shop",
    }
    settings = TemporalSettings(
        task_queue="orders",
        embedded_worker=False,
        graceful_shutdown_seconds=2.5,
        max_concurrent_workflow_tasks=7,
        max_concurrent_activities=8,
        sticky_timeout_seconds=1.5,
        metrics_address=":9000",
        health_address=":8080",
        reload=True,
        worker_build_id="v1",
        deployment_name="shop",
    )
    assert TemporalSettings.from_env(env) == settings
    assert len(env) == len(TemporalSettings.model_fields)


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
    ],
)
def test_a_wrong_setting_is_named(name: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{name} is `{text}`: "):
        TemporalSettings.from_env({name: text})
