"""What can go wrong that a caller may want to tell apart."""


class ConfigurationError(Exception):
    """A setting is wrong. Trying again does not help; mending the setting does."""


class NotConnectedError(Exception):
    """The client was asked for before there was a connection to Temporal."""
