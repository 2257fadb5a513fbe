"""The workflows and activities that this service's workers run.

Not in `__init__.py`: the SDK loads a workflow's parent packages again for every
execution, so what they import is imported every time.
"""

from collections.abc import Callable
from typing import Any

WORKFLOWS: list[type] = []

ACTIVITIES: list[Callable[..., Any]] = []
