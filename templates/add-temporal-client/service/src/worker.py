"""This service's worker, without the API: `python -m {{ worker_module }}`.

The API's hooks are not run here: what activities need besides Temporal, such as a pool
of database connections, they open themselves, or this module does before it runs.
"""

from temporal_client import run_worker

from {{ here }}conf.temporal import get_temporal_settings
from {{ here }}{{ registry_module }} import ACTIVITIES, WORKFLOWS

if __name__ == "__main__":
    run_worker(get_temporal_settings, workflows=WORKFLOWS, activities=ACTIVITIES)
