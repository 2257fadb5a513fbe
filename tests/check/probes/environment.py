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
