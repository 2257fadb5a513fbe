"""Opens connections configured by Temporal's variables and profiles.

`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS*` and the
profiles of `temporal.toml` have the same meaning as for the `temporal` command, so
the same code works with a local server, a cluster and Temporal Cloud.
"""

import os
from collections.abc import Mapping

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig, ClientConnectConfig
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from .errors import ConfigurationError

DEFAULT_ADDRESS = "localhost:7233"
DEFAULT_NAMESPACE = "default"

_runtimes: dict[str, Runtime] = {}


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
    config.setdefault("target_host", DEFAULT_ADDRESS)
    config.setdefault("namespace", DEFAULT_NAMESPACE)
    return config


def runtime_for(metrics_address: str | None) -> Runtime:
    """Return the runtime that serves metrics here, or the default without metrics.

    Raises:
        ConfigurationError: It is invalid or in use.
    """
    if metrics_address is None:
        return Runtime.default()
    if metrics_address not in _runtimes:
        host, separator, port = metrics_address.rpartition(":")
        if not separator or not port.isdecimal():
            raise ConfigurationError(
                f"TEMPORAL_METRICS_ADDRESS is `{metrics_address}`: use IP:PORT"
            )
        metrics = PrometheusConfig(bind_address=f"{host or '0.0.0.0'}:{port}")
        try:
            runtime = Runtime(telemetry=TelemetryConfig(metrics=metrics))
        except Exception as error:
            raise ConfigurationError(
                f"TEMPORAL_METRICS_ADDRESS is `{metrics_address}`: {error}"
            ) from error
        _runtimes[metrics_address] = runtime
    return _runtimes[metrics_address]


async def connect(
    config: ClientConnectConfig | None = None, runtime: Runtime | None = None
) -> Client:
    """Connect once, with Pydantic models as the data format.

    Args:
        config: The connection options; by default from the environment.
        runtime: The runtime to use; by default that of the process.

    Raises:
        ConfigurationError: A variable, profile or certificate is invalid.
        RuntimeError: Temporal does not answer; a retry may succeed.
    """
    if config is None:
        config = load_config()
    try:
        return await Client.connect(
            **config,
            data_converter=pydantic_data_converter,
            runtime=runtime if runtime is not None else Runtime.default(),
        )
    except (TypeError, ValueError, OSError) as error:
        raise ConfigurationError(f"Temporal's configuration: {error}") from error
