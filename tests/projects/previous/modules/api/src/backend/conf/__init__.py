"""Configuration of this service, one module per subject."""
