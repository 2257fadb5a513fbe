"""The workflows and activities that this service's workers run.

This is not in `__init__.py`, because the SDK loads a workflow's parent packages, and
all that they import, again for every execution: each would load all workflows.

`ACTIVITIES` has functions, and classes whose methods are activities: the worker creates
one object of each class with the service's dependencies.
"""

from collections.abc import Callable
from typing import Any

WORKFLOWS: list[type] = []

ACTIVITIES: list[Callable[..., Any]] = []
