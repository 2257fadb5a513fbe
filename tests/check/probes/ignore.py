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
