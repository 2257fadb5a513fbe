# %% to_thread
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await asyncio.to_thread(str, 1)  # expect: loop-escape


# %% run_in_executor
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, str, 1)  # expect: loop-escape


# %% executor_of_call
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await asyncio.get_event_loop().run_in_executor(None, str, 1)  # expect: loop-escape


# %% subprocess_exec
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        await asyncio.create_subprocess_exec("true")  # expect: loop-escape
        return "ran"


# %% subprocess_shell
from asyncio import create_subprocess_shell as shell

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        await shell("true")  # expect: loop-escape
        return "ran"


# %% open_connection
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        await asyncio.open_connection("127.0.0.1", 9)  # expect: loop-escape
        return "open"


# %% start_server
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        await asyncio.start_server(print, "127.0.0.1", 0)  # expect: loop-escape
        return "open"


# %% asyncio_run
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return asyncio.run(workflow.sleep(0.01))  # expect: loop-escape


# %% wait_for
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        await asyncio.wait_for(workflow.sleep(0.01), 5)
        return "done"


# %% timeout
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        async with asyncio.timeout(5):
            await workflow.sleep(0.01)
        return "done"
