"""This service's worker, without the API: `python -m backend.worker`.

The API's start-up hooks do not run here. Open other resources that activities need,
such as a database connection pool, in the activities or here before `run_worker`.
"""

from .conf.temporal import get_temporal_settings
from .temporal_client import run_worker
from .workflows.registry import ACTIVITIES, WORKFLOWS

if __name__ == "__main__":
    run_worker(get_temporal_settings, workflows=WORKFLOWS, activities=ACTIVITIES)
