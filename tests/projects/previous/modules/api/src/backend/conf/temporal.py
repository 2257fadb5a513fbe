"""Temporal settings of this service. All are optional."""

from ..temporal_client import TemporalSettings


def get_temporal_settings() -> TemporalSettings:
    """Read the settings of this service's worker from the environment.

    The connection is configured by `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE` and the
    other variables of Temporal's own tools; `temporal_client/README.md` lists them.
    """
    return TemporalSettings.from_env()
