"""The workflows and activities that this service's workers run.

Not in `__init__.py`: the SDK reloads a workflow's parent packages, and everything that
they import, for every execution.
"""

from collections.abc import Callable
from typing import Any

from .greeting import activities as greeting_activities
from .greeting.workflow import GreetingWorkflow

WORKFLOWS: list[type] = [
    GreetingWorkflow,
]

ACTIVITIES: list[Callable[..., Any]] = [
    greeting_activities.process,
]
