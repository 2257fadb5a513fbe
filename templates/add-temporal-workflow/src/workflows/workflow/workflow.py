"""The workflow: what is done, in which order, and what happens when it fails.

Temporal runs this code again to find out where it stood, so it must come to the same
decisions each time: `workflow.now()`, `workflow.random()` and `workflow.uuid4()` do,
and everything else that depends on the world is for activities.
"""

{{ imports }}

with workflow.unsafe.imports_passed_through():
{{ own_imports }}
{% if options %}

{{ options }}
{% endif %}


@workflow.defn
class {{ workflow_class }}:
{% if state %}
    def __init__(self) -> None:
{% for line in state %}
{{ line }}
{% endfor %}

{% endif %}
    @workflow.run
{{ signature }}
        """Decide what is done, from the input to the result."""
{% for line in body %}
{{ line }}
{% endfor %}
{% for signal in plain_signals %}

    @workflow.signal
    def {{ signal }}(self) -> None:
        """Go on: the workflow waits for this."""
        self._{{ signal }}.set()
{% endfor %}
{% for signal in signals %}

    @workflow.signal
{{ signal.signature }}
        """Take what the workflow waits for; the first one counts."""
        if not self._{{ signal.name }}.done():
            self._{{ signal.name }}.set_result(signal)
{% endfor %}
{% for query in queries %}

    @workflow.query
{{ query.signature }}
        """Answer at any time, also after the end."""
        return self._{{ query.name }}
{% endfor %}
{% for update in updates %}

    @workflow.update
{{ update.signature }}
        """Take what the workflow waits for, and answer with it."""
        self._{{ update.name }}.set_result(update)
        return update

    @{{ update.name }}.validator
{{ update.validator }}
        """Refuse a second one; what is refused leaves no trace in the history."""
        if self._{{ update.name }}.done():
            raise ApplicationError("`{{ update.name }}` has been given")
{% endfor %}
