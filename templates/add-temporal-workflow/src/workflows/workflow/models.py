"""Inputs and outputs of the workflow and its activities, one model each.

Give each new field a default: then executions that were started before the change
can still be decoded. A value may have 2 MB, and is stored in the history: pass a
reference to large data.
"""

{% if "dt" in uses.models %}
import datetime as dt
{% endif %}
{% if "Decimal" in uses.models %}
from decimal import Decimal
{% endif %}
{% if "UUID" in uses.models %}
from uuid import UUID
{% endif %}

from pydantic import BaseModel{% if uses.config %}, ConfigDict{% endif +%}
{% for model in models %}


class {{ model.class }}(BaseModel):
    """{{ model.about }}"""

{% if model.has_bytes or model.has_float %}
    model_config = ConfigDict(
{% if model.has_bytes %}
        ser_json_bytes="base64",
        val_json_bytes="base64",
{% endif %}
{% if model.has_float %}
        allow_inf_nan=False,
{% endif %}
    )

{% endif %}
{% for field in model.fields %}
{% set default = " = None" if field.is_optional else "" %}
{% set comment = "  # noqa: E741" if field.is_ambiguous else "" %}
    {{ field.name }}: {{ field.annotation }}{{ default }}{{ comment }}
{% endfor %}
{% endfor %}
