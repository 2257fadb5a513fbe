# %% getenv
import os

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(os.getenv("HOME"))  # expect: environment


# %% environ
import os

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return os.environ["PATH"]  # expect: environment


# %% getpid
import os

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(os.getpid())  # expect: environment


# %% platform
import platform

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return platform.node()  # expect: environment


# %% cwd
import os

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return os.getcwd()  # expect: environment


# %% passed_in
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> str:
        return region


# %% info
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return workflow.info().workflow_type


# %% path_join
import os

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return os.path.join("a", "b")  # expect: environment


# %% fspath
from os import fspath

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return fspath("a")  # expect: environment


# %% pure_path
import os
from pathlib import PurePosixPath

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(PurePosixPath("a") / "b") + os.sep


# %% translation
from gettext import gettext as _

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return _("yes")  # expect: environment


# %% path_in_passed_module
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from .names import joined


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return joined("a", "b")


# %% path_in_passed_module/names.py
import os


def joined(*parts: str) -> str:
    return os.path.join(*parts)


# %% path_outside_of_sandbox
import os

from temporalio import workflow


@workflow.defn(sandboxed=False)
class Probe:
    @workflow.run
    async def run(self) -> str:
        return os.path.join("a", "b")


# %% path_unrestricted
import os

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        with workflow.unsafe.sandbox_unrestricted():
            return os.path.join("a", "b")


# %% path_as_function
import os

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(list(map(os.path.basename, ["a/b"])))  # expect: environment
