"""Temporal settings of this service. Every one has a default, so none has to be set."""

from temporal_client import TemporalSettings


def get_temporal_settings() -> TemporalSettings:
    """The settings of this service's worker, from the environment.

    Where Temporal is comes from `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE` and the
    other variables of Temporal's own tools; the README of `temporal-client` lists them.
    """
    return TemporalSettings.from_env()
