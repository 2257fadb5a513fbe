"""What the workflow and its activities are given, and what they return.

One model each, so that fields can be added later: give a new one a default, and
executions that were started before will still be understood.
"""

{{ imports }}
{% for model in models %}


class {{ model.class }}(BaseModel):
    """{{ model.about }}"""

{{ model.body }}
{% endfor %}
