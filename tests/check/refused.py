"""Print the functions of Python's library that the sandbox of the SDK refuses, one a line."""

import importlib
import inspect
from collections.abc import Iterator

from temporalio.worker.workflow_sandbox import SandboxMatcher, SandboxRestrictions


def refused(module: str, matcher: SandboxMatcher) -> Iterator[str]:
    for child, inner in matcher.children.items():
        yield from refused(f"{module}.{child}" if module else child, inner)
    names = set(matcher.use)
    if "*" in names:
        try:
            members = inspect.getmembers(importlib.import_module(module))
        except ImportError:
            # Of another operating system.
            return
        names = {
            name
            for name, member in members
            if callable(member) and not name.startswith("_")
        }
    for name in names - matcher.exclude:
        yield f"{module}.{name}"


for name in sorted(set(refused("", SandboxRestrictions.invalid_module_members_default))):
    print(name)
