"""Opens connections to Temporal from its own variables and profiles.

`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, `TEMPORAL_TLS*` and the
profiles of `temporal.toml` mean here what they mean to the `temporal` command: the
same code runs against a laptop, a cluster and Temporal Cloud.
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
    """What `Client.connect` needs, from the environment and Temporal's profiles.

    Empty variables count as not set: an empty `TEMPORAL_API_KEY` would turn TLS on.

    Raises:
        ConfigurationError: A variable or the profile file is wrong.
    """
    given = {key: value for key, value in env.items() if value.strip()}
    file = given.get("TEMPORAL_CONFIG_FILE")
    if file is not None and not os.path.isfile(file):
        raise ConfigurationError(
            f"TEMPORAL_CONFIG_FILE is `{file}`: there is no such file"
        )
    try:
        config = ClientConfig.load_client_connect_config(override_env_vars=given)
    except Exception as error:
        raise ConfigurationError(f"Temporal's configuration: {error}") from error
    config.setdefault("target_host", DEFAULT_ADDRESS)
    config.setdefault("namespace", DEFAULT_NAMESPACE)
    return config


def runtime_for(metrics_address: str | None) -> Runtime:
    """The runtime of this process that serves metrics at this address, or at none.

    Raises:
        ConfigurationError: The address is wrong or taken.
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
        config: What to connect to; read from the environment when left out.
        runtime: The runtime to use; the process's default when left out.

    Raises:
        ConfigurationError: A variable, a profile or a certificate is wrong.
        RuntimeError: Temporal does not answer; a later try may succeed.
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
