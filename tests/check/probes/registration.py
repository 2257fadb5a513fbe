# %% activity_missing
from datetime import timedelta

from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(charge, 1, start_to_close_timeout=timedelta(seconds=5))


# %% activity_missing/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


@activity.defn
async def refund(amount: int) -> str:  # expect: unregistered-activity
    return str(amount)


ACTIVITIES = [charge]


# %% activity_missing/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

from .activities import charge
from .workflow import Probe


def worker(client: Client) -> Worker:
    return Worker(client, task_queue="q", workflows=[Probe], activities=[charge])


# %% workflow_missing
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "run"


# %% workflow_missing/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% workflow_missing/other.py
from temporalio import workflow


@workflow.defn
class Other:  # expect: unregistered-workflow
    @workflow.run
    async def run(self) -> None:
        return None


# %% workflow_missing/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

from .activities import charge
from .workflow import Probe


def worker(client: Client) -> Worker:
    return Worker(client, task_queue="q", workflows=[Probe], activities=[charge])


# %% same_type
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "run"


# %% same_type/other.py
from temporalio import workflow


@workflow.defn(name="Probe")
class Other:  # expect: duplicate-name
    @workflow.run
    async def run(self) -> None:
        return None


# %% same_type/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

from .other import Other
from .workflow import Probe


def worker(client: Client) -> Worker:
    return Worker(client, task_queue="q", workflows=[Probe, Other])


# %% same_activity
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "run"


# %% same_activity/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


@activity.defn(name="charge")
async def refund(amount: int) -> str:  # expect: duplicate-name
    return str(amount)


ACTIVITIES = [charge, refund]


# %% same_activity/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

from .activities import charge, refund
from .workflow import Probe


def worker(client: Client) -> Worker:
    return Worker(client, task_queue="q", workflows=[Probe], activities=[charge, refund])


# %% listed_elsewhere
from datetime import timedelta

from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(charge, 1, start_to_close_timeout=timedelta(seconds=5))


# %% listed_elsewhere/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% listed_elsewhere/lists.py
from .activities import ACTIVITIES
from .workflow import Probe

WORKFLOWS = [Probe]
ALL = [*ACTIVITIES]


# %% listed_elsewhere/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

from .lists import ALL, WORKFLOWS


def worker(client: Client) -> Worker:
    return Worker(client, task_queue="q", workflows=WORKFLOWS, activities=ALL)


# %% found_at_run_time
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "run"


# %% found_at_run_time/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


@activity.defn
async def refund(amount: int) -> str:
    return str(amount)


ACTIVITIES = [charge]


# %% found_at_run_time/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

from .workflow import Probe


def worker(client: Client) -> Worker:
    return Worker(client, task_queue="q", workflows=[Probe], activities=list(vars().values()))


# %% lists_empty
from temporalio import workflow


@workflow.defn
class Probe:  # expect: unregistered-workflow
    @workflow.run
    async def run(self) -> str:
        return "run"


# %% lists_empty/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

WORKFLOWS = []


def worker(client: Client) -> Worker:
    return Worker(client, task_queue="q", workflows=WORKFLOWS, activities=[])


# %% name_of_other_decorator
from datetime import timedelta

from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(charge, 1, start_to_close_timeout=timedelta(seconds=5))


# %% name_of_other_decorator/activities.py
from typing import Any, Callable, TypeVar

from temporalio import activity

F = TypeVar("F", bound=Callable[..., Any])


def span(name: str) -> Callable[[F], F]:
    return lambda function: function


@activity.defn
@span(name="call")
async def charge(amount: int) -> str:
    return str(amount)


@activity.defn
@span(name="call")
async def refund(amount: int) -> str:
    return str(amount)


ACTIVITIES = [charge, refund]


# %% name_of_other_decorator/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

from .activities import ACTIVITIES
from .workflow import Probe


def worker(client: Client) -> Worker:
    return Worker(client, task_queue="q", workflows=[Probe], activities=ACTIVITIES)


# %% same_name_by_constant
from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity("other", 1, start_to_close_timeout=timedelta(seconds=5))


# %% same_name_by_constant/activities.py
from temporalio import activity

NAME = "call"


@activity.defn(name=NAME)
async def charge(amount: int) -> str:
    return str(amount)


@activity.defn(name="call")
async def refund(amount: int) -> str:  # expect: duplicate-name
    return str(amount)


@activity.defn
async def other(amount: int) -> str:
    return str(amount)


ACTIVITIES = [charge, other]


# %% same_name_by_constant/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

from .activities import charge, other, refund
from .workflow import Probe


def worker(client: Client) -> Worker:
    return Worker(client, task_queue="q", workflows=[Probe], activities=[charge, refund, other])


# %% model_with_such_fields
from typing import Any

from pydantic import BaseModel
from temporalio import workflow


class Day(BaseModel):
    activities: list[Any]
    workflows: list[Any] = []


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> int:
        return len(Day(activities=[]).activities) + len(Day(activities=[], workflows=[]).workflows)


# %% model_with_such_fields/activities.py
from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(amount)


ACTIVITIES = [charge]


# %% replayer
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "run"


# %% replayer/replay.py
from temporalio.worker import Replayer


def replayer() -> Replayer:
    return Replayer(workflows=[])


# %% same_type_of_two_workers
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "run"


# %% same_type_of_two_workers/other.py
from temporalio import workflow


@workflow.defn(name="Probe")
class Other:
    @workflow.run
    async def run(self) -> str:
        return "other"


# %% same_type_of_two_workers/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

from .other import Other
from .workflow import Probe


def workers(client: Client) -> list[Worker]:
    return [
        Worker(client, task_queue="one", workflows=[Probe]),
        Worker(client, task_queue="two", workflows=[Other]),
    ]


# %% listed_by_a_plugin
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "run"


# %% listed_by_a_plugin/other.py
from temporalio import workflow


@workflow.defn
class Other:
    @workflow.run
    async def run(self) -> None:
        return None


# %% listed_by_a_plugin/worker.py
from temporalio.client import Client
from temporalio.plugin import SimplePlugin
from temporalio.worker import Worker

from .other import Other
from .workflow import Probe


def worker(client: Client) -> Worker:
    plugin = SimplePlugin("other", workflows=[Other])
    return Worker(client, task_queue="q", workflows=[Probe], plugins=[plugin])
