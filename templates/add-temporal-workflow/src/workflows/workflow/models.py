"""What the workflow is given and what it returns.

One model each, so that fields can be added later: give a new one a default, and
executions that were started before will still be understood.
"""

{{ imports }}


class {{ input.class }}(BaseModel):
    """What the workflow is started with."""

{{ input.body }}


class {{ output.class }}(BaseModel):
    """What the workflow returns."""

{{ output.body }}
