"""This service's worker, without the API: `python -m {{ worker_module }}`."""

from temporal_client import run_worker

from {{ here }}conf.temporal import get_temporal_settings
from {{ here }}{{ registry_module }} import ACTIVITIES, WORKFLOWS

if __name__ == "__main__":
    run_worker(get_temporal_settings, workflows=WORKFLOWS, activities=ACTIVITIES)
