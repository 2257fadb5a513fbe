"""This service's worker, without the API: `python -m {{ worker_module }}`.

The API's start-up hooks do not run here. Open other resources that activities need,
such as a database connection pool, in the activities or here before `run_worker`.
"""

from {{ here }}{{ settings_module }} import get_temporal_settings
from {{ here }}temporal_client import run_worker
from {{ here }}{{ registry_module }} import ACTIVITIES, WORKFLOWS

if __name__ == "__main__":
    run_worker(get_temporal_settings, workflows=WORKFLOWS, activities=ACTIVITIES)
