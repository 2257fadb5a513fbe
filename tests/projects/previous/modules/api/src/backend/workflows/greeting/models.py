"""Inputs and outputs of the workflow and its activities, one model each.

Give each new field a default: then executions that were started before the change
can still be decoded.
"""

from pydantic import BaseModel


class GreetingInput(BaseModel):
    """What the workflow is started with."""

    message: str


class GreetingOutput(BaseModel):
    """What the workflow returns."""

    message: str
