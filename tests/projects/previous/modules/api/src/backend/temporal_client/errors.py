"""Exceptions that callers can handle separately."""


class ConfigurationError(Exception):
    """A setting is invalid. Retrying does not help: correct the setting."""


class NotConnectedError(Exception):
    """The client was used before the connection to Temporal was open."""
