"""Configuration of this service, one module for each thing that is configured."""
