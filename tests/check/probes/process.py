# %% subprocess_run
import subprocess

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        subprocess.run(["true"], check=True)  # expect: process
        return "ran"


# %% os_system
import os

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        os.system("true")  # expect: process
        return "ran"


# %% popen
from subprocess import Popen

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        Popen(["true"]).wait()  # expect: process
        return "ran"


# %% multiprocessing
import multiprocessing

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        multiprocessing.Process(target=print)  # expect: process
        return "made"


# %% signal
import signal

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # expect: process
        return "set"


# %% exception_type
import subprocess

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return subprocess.CalledProcessError.__name__


# %% spawnve
import os

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(os.spawnve(os.P_WAIT, "/bin/true", ["true"], {}))  # expect: process
