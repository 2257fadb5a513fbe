# %% on_line
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(time.time())  # bluetext: ignore[clock] shown in a log only


# %% above
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        # bluetext: ignore[clock] shown in a log only
        return str(time.time())


# %% of_called_code
from temporalio import workflow

from .helpers import stamp


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return stamp()  # bluetext: ignore[clock] shown in a log only


# %% of_called_code/helpers.py
import time


def stamp() -> str:
    return str(time.time())


# %% without_reason
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        # expect-next: clock ignore
        return str(time.time())  # bluetext: ignore[clock]


# %% other_code
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        # expect-next: clock ignore
        return str(time.time())  # bluetext: ignore[random] not random


# %% unknown_code
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        # expect-next: clock ignore
        return str(time.time())  # bluetext: ignore[clok] shown in a log only


# %% nothing
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        # expect-next: ignore
        return "nothing"  # bluetext: ignore[clock] was once needed


# %% in_text
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "# bluetext: ignore[clock] not a comment"


# %% beside_another_comment
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(time.time())  # type: ignore  # bluetext: ignore[clock] shown in a log only


# %% stacked
import time
import uuid

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        # bluetext: ignore[clock] shown in a log only
        # bluetext: ignore[random] shown in a log only
        return str(time.time()) + str(uuid.uuid4())


# %% above_a_long_statement
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        # bluetext: ignore[clock] shown in a log only
        text = str(
            time.time(),
        )
        return text


# %% after_the_last_line
from datetime import datetime

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        text = str(
            datetime.now(),
        )  # bluetext: ignore[clock] the test stops here
        return text


# %% after_the_head
import time

from temporalio import workflow


def both(first: float, second: float) -> bool:
    return first < second


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        if both(
            time.time(),
            1.0,
        ):  # bluetext: ignore[clock] the test stops here
            return str(time.time())  # expect: clock
        return ""


# %% above_a_decorator
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "run"


# %% above_a_decorator/activities.py
from temporalio import activity


# bluetext: ignore[unregistered-activity] another service runs it
@activity.defn
async def refund(amount: int) -> str:
    return str(amount)


@activity.defn
async def charge(amount: int) -> str:
    return str(amount)


ACTIVITIES = [charge]


# %% above_a_decorator/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

from .activities import charge
from .workflow import Probe


def worker(client: Client) -> Worker:
    return Worker(client, task_queue="q", workflows=[Probe], activities=[charge])


# %% above_a_block
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        # bluetext: ignore[clock] the test stops here
        if time.time() > 1.0:
            return str(time.time())  # expect: clock
        return ""


# %% within_a_statement
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> list[float]:
        return [
            time.time(),  # bluetext: ignore[clock] the test stops here
            time.time(),  # expect: clock
        ]


# %% close_to_the_code
from datetime import datetime

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(
            datetime.now(),
        )# bluetext: ignore[clock] the test stops here
