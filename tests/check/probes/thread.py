# %% thread
import threading

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        threading.Thread(target=print).start()  # expect: thread
        return "started"


# %% lock
from threading import Lock

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        with Lock():  # expect: thread
            return "held"


# %% executor
from concurrent.futures import ThreadPoolExecutor

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        with ThreadPoolExecutor() as pool:  # expect: thread
            return pool.submit(str, 1).result()


# %% subclass
import threading

from temporalio import workflow


class Job(threading.Thread):
    def run(self) -> None:
        pass


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        Job().start()  # expect: thread
        return "started"


# %% timer
import threading

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        threading.Timer(1, print)  # expect: thread
        return "made"


# %% asyncio_lock
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        async with asyncio.Lock():
            return "held"


# %% asyncio_gather
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        await asyncio.gather(workflow.sleep(0.01), workflow.sleep(0.01))
        return "both"


# %% asyncio_task
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        task = asyncio.create_task(workflow.sleep(0.01))
        await task
        return "done"


# %% asyncio_queue
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        queue: asyncio.Queue[str] = asyncio.Queue()
        await queue.put("a")
        return await queue.get()
