"""Opens connections configured by Temporal's variables and profiles.

`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS*` and the
profiles of `temporal.toml` have the same meaning as for the `temporal` command, so
the same code works with a local server, a cluster and Temporal Cloud.
"""

import functools
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace

from temporalio import runtime as core
from temporalio.client import Client, Plugin
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig, ClientConnectConfig

from .errors import ConfigurationError

logger = logging.getLogger(__name__)


def load_config(env: Mapping[str, str] = os.environ) -> ClientConnectConfig:
    """Load the arguments of `Client.connect` from variables and profiles.

    Empty variables count as not set: an empty `TEMPORAL_API_KEY` would turn TLS on.

    Raises:
        ConfigurationError: A variable or profile file is invalid.
    """
    given = {key: value for key, value in env.items() if value.strip()}
    file = given.get("TEMPORAL_CONFIG_FILE")
    if file is not None and not os.path.isfile(file):
        raise ConfigurationError(
            f"TEMPORAL_CONFIG_FILE is `{file}`: the file is missing"
        )
    try:
        config = ClientConfig.load_client_connect_config(override_env_vars=given)
    except Exception as error:
        raise ConfigurationError(f"Temporal's configuration: {error}") from error
    return {"target_host": "localhost:7233", "namespace": "default", **config}


@functools.cache
def runtime_for(metrics_address: str | None) -> core.Runtime:
    """Return the runtime that serves metrics at this address.

    If it cannot, for example because the port is in use, it logs why and works without
    metrics: workflows matter more.
    """
    # Otherwise the SDK's core, which is not written in Python, logs to stdout.
    forwarding = core.LogForwardingConfig(logging.getLogger("temporalio.core"))
    logs = replace(core.LoggingConfig.default, forwarding=forwarding)
    telemetry = core.TelemetryConfig(logging=logs)
    if metrics_address is None:
        return core.Runtime(telemetry=telemetry)
    host, _, port = metrics_address.rpartition(":")
    metrics = core.PrometheusConfig(bind_address=f"{host or '0.0.0.0'}:{port}")
    try:
        return core.Runtime(telemetry=replace(telemetry, metrics=metrics))
    except (RuntimeError, ValueError) as error:
        logger.error("No metrics at `%s` (IP:PORT): %s", metrics_address, error)
        return runtime_for(None)


async def connect(
    config: ClientConnectConfig | None = None,
    *,
    runtime: core.Runtime | None = None,
    plugins: Sequence[Plugin] = (),
) -> Client:
    """Connect once, with Pydantic models as the data format.

    Args:
        config: The connection options; by default from the environment.
        runtime: The runtime to use; by default one without metrics.
        plugins: What changes the client and its workers, e.g. for tracing.

    Raises:
        ConfigurationError: A variable, profile or certificate is invalid.
        RuntimeError: Temporal does not answer; a retry may succeed.
    """
    try:
        return await Client.connect(
            **config or load_config(),
            data_converter=pydantic_data_converter,
            runtime=runtime or runtime_for(None),
            plugins=plugins,
        )
    except (TypeError, ValueError, OSError) as error:
        raise ConfigurationError(f"Temporal's configuration: {error}") from error
