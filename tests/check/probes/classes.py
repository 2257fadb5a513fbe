# %% step_of_a_base
import time

from temporalio import workflow


class Base:
    async def main(self) -> None:
        await self.step()

    async def step(self) -> None:
        pass


@workflow.defn
class Probe(Base):
    async def step(self) -> None:
        time.time()  # expect: clock

    @workflow.run
    async def run(self) -> str:
        await self.main()
        return "done"


# %% replaced_init
import time

from temporalio import workflow


class Early:
    def __init__(self) -> None:
        self.at = time.time()


class Late(Early):
    def __init__(self) -> None:
        self.at = 0.0


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(Late().at)


# %% called_init
import time

from temporalio import workflow


class Early:
    def __init__(self) -> None:
        self.at = time.time()  # expect: clock


class Late(Early):
    def __init__(self) -> None:
        super().__init__()


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(Late().at)


# %% context_manager
import time

from temporalio import workflow


class Timer:
    def __enter__(self) -> None:
        self.at = time.time()  # expect: clock

    def __exit__(self, *_: object) -> None:
        pass


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        with Timer():
            return "timed"


# %% item_of_list
from temporalio import workflow

from .items import Item


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        items: list[Item] = [Item()]
        return "".join(item.text() for item in items) + items[0].text()


# %% item_of_list/items.py
import time


class Item:
    def text(self) -> str:
        return str(time.time())  # expect: clock


# %% value_of_dict
from temporalio import workflow

from .items import Item


@workflow.defn
class Probe:
    def __init__(self) -> None:
        self.items: dict[str, Item] = {"a": Item()}

    @workflow.run
    async def run(self) -> str:
        return self.items["a"].text()


# %% value_of_dict/items.py
import time


class Item:
    def text(self) -> str:
        return str(time.time())  # expect: clock


# %% overloaded
import time
from typing import overload

from temporalio import workflow


@overload
def show(value: int) -> str: ...


@overload
def show(value: str) -> str: ...


def show(value: int | str) -> str:
    return str(time.time())  # expect: clock


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return show(1)


# %% registered
from temporalio import workflow

ALL: list[object] = []


def register(function):
    ALL.append(function)
    return function


@register
def helper() -> str:
    return "helper"


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return helper()


# %% decorator_with_arguments
from temporalio import workflow

from .helpers import timed


@timed("work")
def work() -> str:
    return "work"


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return work()


# %% decorator_with_arguments/helpers.py
import time

CALLS: list[str] = []


def timed(name: str):
    CALLS.append(name)

    def decorate(function):
        CALLS.append(name)

        def wrapper() -> str:
            return function() + str(time.time())  # expect: clock

        return wrapper

    return decorate


# %% default_of_class
from temporalio import workflow


@workflow.defn
class Probe:
    limits: dict[str, int] = {}

    @workflow.run
    async def run(self) -> str:
        self.limits["a"] = 1  # expect: global-state
        return str(self.limits)


# %% early_return
from temporalio import workflow

from .times import stamp


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(stamp())


# %% early_return/times.py
import time

from temporalio import workflow


def stamp() -> float:
    if workflow.in_workflow():
        return workflow.time()
    return time.time()


# %% choice
from temporalio import workflow

from .times import stamp


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(stamp())


# %% choice/times.py
import time

from temporalio import workflow


def stamp() -> float:
    return workflow.time() if workflow.in_workflow() else time.time()


# %% given_field
from dataclasses import dataclass, field
import time

from temporalio import workflow


@dataclass
class Entry:
    at: float = field(default_factory=time.time)


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(Entry(at=workflow.time()).at)


# %% given_by_position
from dataclasses import dataclass, field
import time

from temporalio import workflow


@dataclass
class Entry:
    at: float = field(default_factory=time.time)


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(Entry(workflow.time()).at)


# %% stars
from datetime import *
from random import *
from time import *

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        repr("a")
        return str(datetime.now())  # expect: clock


# %% shared_client
import threading

from temporalio import workflow

LOCK = threading.Lock()


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(LOCK.acquire())  # expect: thread


# %% only_collected
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        seen: set[str] = set()
        for name in {"a", "b"}:
            seen.add(name)
        return str(len(seen))


# %% set_of_numbers
from temporalio import workflow


@workflow.defn
class Probe:
    def total(self, numbers: set[int]) -> str:
        return ",".join(str(number) for number in numbers)

    @workflow.run
    async def run(self) -> str:
        return self.total({1, 2})


# %% unpacked_set
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str([*{"a", "b"}])  # expect: set-order


# %% options_later
from datetime import timedelta

from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        options = {"task_queue": None}
        options["start_to_close_timeout"] = timedelta(seconds=5)
        return await workflow.execute_activity(charge, 1, **options)


# %% options_later/activities.py
from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(amount)


ACTIVITIES = [charge]


# %% import_from_package
from datetime import timedelta

from temporalio import workflow

from . import activities as activities  # expect: activity-import


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(
            activities.charge, 1, start_to_close_timeout=timedelta(seconds=5)
        )


# %% import_from_package/activities.py
from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(amount)


ACTIVITIES = [charge]


# %% list_extended
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "run"


# %% list_extended/activities.py
from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(amount)


ACTIVITIES = [charge]


# %% list_extended/other.py
from temporalio import activity


@activity.defn
async def refund(amount: int) -> str:
    return str(amount)


# %% list_extended/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

from .activities import charge
from .other import refund
from .workflow import Probe

ALL = [charge]
ALL.append(refund)


def worker(client: Client) -> Worker:
    return Worker(client, task_queue="q", workflows=[Probe], activities=ALL)


# %% forgotten_method
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "run"


# %% forgotten_method/activities.py
from temporalio import activity


class Payments:
    @activity.defn
    async def charge(self, amount: int) -> str:
        return str(amount)

    @activity.defn
    async def refund(self, amount: int) -> str:  # expect: unregistered-activity
        return str(amount)


ACTIVITIES = [Payments().charge]


# %% forgotten_method/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

from .activities import Payments
from .workflow import Probe


def worker(client: Client) -> Worker:
    payments = Payments()
    return Worker(client, task_queue="q", workflows=[Probe], activities=[payments.charge])


# %% unknown_options_of_a_worker
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "run"


# %% unknown_options_of_a_worker/activities.py
from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(amount)


ACTIVITIES = [charge]


@activity.defn
async def refund(amount: int) -> str:
    return str(amount)


# %% unknown_options_of_a_worker/worker.py
from temporalio.client import Client
from temporalio.worker import Worker

from .activities import charge, refund
from .workflow import Probe


def workers(client: Client) -> list[Worker]:
    more = {"activities": [refund]}
    return [
        Worker(client, task_queue="q", workflows=[Probe], activities=[charge]),
        Worker(client, task_queue="r", **more),
    ]


# %% init_replaced
from temporalio import workflow

from .base import Base


class Order(Base):
    def __init__(self) -> None:
        self.at = 1.0


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> float:
        return Order().at


# %% init_replaced/base.py
import time


class Base:
    def __init__(self) -> None:
        self.at = time.time()


# %% init_of_other_module
from temporalio import workflow

from .base import Base


class Order(Base):
    pass


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> float:
        return Order().at


# %% init_of_other_module/base.py
import time


class Base:
    def __init__(self) -> None:
        self.at = time.time()  # expect: clock
