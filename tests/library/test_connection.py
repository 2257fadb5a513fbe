"""Behavior while Temporal does not answer, and with invalid settings."""

import asyncio
import socket

import pytest

from temporal_client import (
    ConfigurationError,
    NotConnectedError,
    State,
    Temporal,
    TemporalSettings,
)
from temporal_client.connection import load_config


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_defaults_lead_to_a_server_on_this_machine() -> None:
    assert load_config({}) == {"target_host": "localhost:7233", "namespace": "default"}


def test_a_profile_file_that_is_missing_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^TEMPORAL_CONFIG_FILE is `/none`: "):
        load_config({"TEMPORAL_CONFIG_FILE": "/none"})


def test_an_empty_api_key_does_not_turn_tls_on() -> None:
    assert "tls" not in load_config({"TEMPORAL_API_KEY": "", "TEMPORAL_TLS": ""})


def test_starts_and_stops_while_temporal_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = f"127.0.0.1:{unused_port()}"
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)

    async def scenario() -> None:
        temporal = Temporal(TemporalSettings)
        await temporal.start()
        for _ in range(100):
            if temporal.health().last_error:
                break
            await asyncio.sleep(0.05)
        health = temporal.health()
        assert health.state is State.CONNECTING
        assert health.address == address
        assert health.last_error
        with pytest.raises(NotConnectedError, match=address):
            _ = temporal.client
        await temporal.stop()
        assert temporal.health().state is State.STOPPED

    asyncio.run(scenario())


def test_a_wrong_setting_is_reported_and_not_retried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TEMPORAL_MAX_CONCURRENT_ACTIVITIES", "none")

    async def scenario() -> None:
        temporal = Temporal(TemporalSettings.from_env)
        await temporal.start()
        for _ in range(100):
            if temporal.health().state is State.MISCONFIGURED:
                break
            await asyncio.sleep(0.05)
        health = temporal.health()
        assert health.state is State.MISCONFIGURED
        assert health.last_error is not None
        assert "TEMPORAL_MAX_CONCURRENT_ACTIVITIES" in health.last_error
        await temporal.stop()
        assert temporal.health().state is State.MISCONFIGURED

    asyncio.run(scenario())
