# %% open
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        with open("/dev/null") as file:  # expect: file
            return file.read()


# %% path_read
from pathlib import Path

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return Path("/dev/null").read_text()  # expect: file


# %% path_parent
from pathlib import Path

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str((Path("/dev") / "null").parent.exists())  # expect: file


# %% path_variable
from pathlib import Path

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        target = Path("/dev/null")
        return target.read_text()  # expect: file


# %% listdir
import os

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(len(os.listdir("/")))  # expect: file


# %% os_path
import os.path

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(os.path.exists("/"))  # expect: file


# %% sqlite
import sqlite3

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        sqlite3.connect(":memory:").close()  # expect: file
        return "opened"


# %% tempfile
import tempfile

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return tempfile.gettempdir()  # expect: file


# %% shutil
import shutil

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(shutil.which("sh"))  # expect: file


# %% pure_path
from pathlib import PurePosixPath

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return PurePosixPath("/a/b").name


# %% path_name
from pathlib import Path

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return Path("/a/b").name


# %% string_io
import io

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return io.StringIO("text").read()


# %% own_open
from temporalio import workflow


@workflow.defn
class Probe:
    def open(self, name: str) -> str:
        return name

    @workflow.run
    async def run(self) -> str:
        return self.open("a")


# %% open_of_parameter
from temporalio import workflow


@workflow.defn
class Probe:
    def first(self, open: dict[str, int]) -> str:
        return str(open["open"])

    @workflow.run
    async def run(self) -> str:
        return self.first({"open": 1})
