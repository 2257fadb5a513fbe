"""The workflows and activities that this service's workers run.

Not in `__init__.py`: the SDK reloads a workflow's parent packages, and everything that
they import, for every execution.
"""

from collections.abc import Callable
from typing import Any

WORKFLOWS: list[type] = []

ACTIVITIES: list[Callable[..., Any]] = []
