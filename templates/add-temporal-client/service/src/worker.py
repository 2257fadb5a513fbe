"""This service's worker, without the API: `python -m {{ worker_module }}`.

The API's start-up hooks do not run here.
{% if dependencies_module %}`{{ dependencies_module }}` opens what activities need.
{% endif %}
"""

{% set own_imports = [
    [here ~ settings_module, "get_temporal_settings"],
    [here ~ "temporal_client", "run_worker"],
    [here ~ registry_module, "ACTIVITIES, WORKFLOWS"],
] %}
{% if dependencies_module %}
{% set own_imports = own_imports + [[here ~ dependencies_module, "open_dependencies"]] %}
{% endif %}
{% for module, names in own_imports | sort %}
from {{ module }} import {{ names }}
{% endfor %}

if __name__ == "__main__":
    run_worker(
        get_temporal_settings,
        workflows=WORKFLOWS,
        activities=ACTIVITIES,
{% if dependencies_module %}
        dependencies=open_dependencies,
{% endif %}
    )
