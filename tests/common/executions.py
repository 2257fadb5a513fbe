"""Starts executions of the workflow `batch`, and waits for all of their results.

    python executions.py COUNT SOME

Says "some" and "all" when so many have completed, whatever happens to its connection.
"""

import asyncio
import sys
from datetime import timedelta

from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

try:
    from backend.temporal_client import connect
except ModuleNotFoundError:
    from temporal_client import connect

COUNT, SOME = map(int, sys.argv[1:])


async def main() -> None:
    client = await connect()
    starts = asyncio.Semaphore(50)
    finished = 0

    async def start(id: str, number: int) -> None:
        while True:
            try:
                async with starts:
                    await client.start_workflow(
                        "BatchWorkflow",
                        {"number": number},
                        id=id,
                        task_queue="main-task-queue",
                        task_timeout=timedelta(seconds=2),
                        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                        rpc_timeout=timedelta(seconds=10),
                    )
                return
            except WorkflowAlreadyStartedError:
                # By an attempt whose answer was lost.
                return
            except RPCError:
                await asyncio.sleep(0.5)

    async def result(number: int) -> str:
        nonlocal finished
        id = f"batch-{number}"
        await start(id, number)
        while True:
            try:
                handle = client.get_workflow_handle(id)
                result = await asyncio.wait_for(handle.result(), 20)
                break
            except (RPCError, TimeoutError):
                await asyncio.sleep(0.5)
        finished += 1
        if finished == SOME:
            print("some", flush=True)
        return result["done"]

    # An execution that is lost fails the test instead of blocking it.
    async with asyncio.timeout(600):
        done = await asyncio.gather(*map(result, range(COUNT)))
    assert done == [f"done after reserve for {n}" for n in range(COUNT)], done
    print("all", flush=True)


asyncio.run(main())
