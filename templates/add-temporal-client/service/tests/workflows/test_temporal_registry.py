"""Every workflow and activity in the folder `workflows` is registered."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import {{ workflows_package }} as package
from {{ registry_package }} import ACTIVITIES, WORKFLOWS


def defined(marker: str) -> Iterator[Any]:
    """The functions and classes below `workflows` that have, or whose methods have,
    this marker of the SDK's decorators.
    """
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        for _, member in inspect.getmembers(importlib.import_module(module.name)):
            if getattr(member, "__module__", None) == module.name:
                own = vars(member).values() if inspect.isclass(member) else ()
                if any(hasattr(each, marker) for each in (member, *own)):
                    yield member


def test_every_workflow_is_registered() -> None:
    missing = set(defined("__temporal_workflow_definition")) - set(WORKFLOWS)
    assert not missing, f"add to WORKFLOWS in registry.py: {missing}"


def test_every_activity_is_registered() -> None:
    missing = set(defined("__temporal_activity_definition")) - set(ACTIVITIES)
    assert not missing, f"add to ACTIVITIES in registry.py: {missing}"
