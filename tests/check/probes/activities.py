# %% executed
from datetime import timedelta

from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(charge, 1, start_to_close_timeout=timedelta(seconds=5))


# %% executed/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% called
from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await charge(1)  # expect: activity-call


# %% called/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% module_import
from datetime import timedelta

from temporalio import workflow

from . import activities  # expect: activity-import


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(
            activities.charge, 1, start_to_close_timeout=timedelta(seconds=5)
        )


# %% module_import/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% without_timeout
from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(charge, 1)  # expect: activity-timeout


# %% without_timeout/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% timeout_none
from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(  # expect: activity-timeout
            charge, 1, start_to_close_timeout=None
        )


# %% timeout_none/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% started_without_timeout
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        handle = workflow.start_activity("charge", 1)  # expect: activity-timeout
        return str(await handle)


# %% started_without_timeout/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% local_without_timeout
from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_local_activity(charge, 1)  # expect: activity-timeout


# %% local_without_timeout/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% options_without_timeout
from temporalio import workflow

from .activities import charge

OPTIONS = workflow.ActivityConfig(task_queue=None)


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(charge, 1, **OPTIONS)  # expect: activity-timeout


# %% options_without_timeout/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% options
from datetime import timedelta

from temporalio import workflow

from .activities import charge

OPTIONS = workflow.ActivityConfig(start_to_close_timeout=timedelta(seconds=5))


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(charge, 1, **OPTIONS)


# %% options/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% options_dict
from datetime import timedelta

from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        options = {"start_to_close_timeout": timedelta(seconds=5)}
        return await workflow.execute_activity(charge, 1, **options)


# %% options_dict/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% schedule_to_close
from datetime import timedelta

from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(charge, 1, schedule_to_close_timeout=timedelta(seconds=5))


# %% schedule_to_close/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% imported_function
from datetime import timedelta

from temporalio import workflow
from temporalio.workflow import execute_activity

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await execute_activity(charge, 1)  # expect: activity-timeout


# %% imported_function/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% method
from datetime import timedelta

from temporalio import workflow

from .activities import Payments


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity_method(
            Payments.charge, 1, start_to_close_timeout=timedelta(seconds=5)
        )


# %% method/activities.py
from temporalio import activity


class Payments:
    @activity.defn
    async def charge(self, amount: int) -> str:
        return str(amount)


ACTIVITIES = [Payments().charge]


# %% method_called
from temporalio import workflow

from .activities import Payments


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await Payments().charge(1)  # expect: activity-call


# %% method_called/activities.py
from temporalio import activity


class Payments:
    @activity.defn
    async def charge(self, amount: int) -> str:
        return str(amount)


ACTIVITIES = [Payments().charge]


# %% heartbeat_missing
from datetime import timedelta

from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(  # expect: heartbeat
            charge,
            1,
            heartbeat_timeout=timedelta(seconds=5),
            start_to_close_timeout=timedelta(seconds=5),
        )


# %% heartbeat_missing/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% heartbeat_by_name
from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(  # expect: heartbeat
            "charge",
            1,
            result_type=str,
            heartbeat_timeout=timedelta(seconds=5),
            start_to_close_timeout=timedelta(seconds=5),
        )


# %% heartbeat_by_name/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% heartbeat_sent
from datetime import timedelta

from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(
            charge,
            1,
            heartbeat_timeout=timedelta(seconds=5),
            start_to_close_timeout=timedelta(seconds=5),
        )


# %% heartbeat_sent/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    activity.heartbeat()
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% heartbeat_in_helper
from datetime import timedelta

from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(
            charge,
            1,
            heartbeat_timeout=timedelta(seconds=5),
            start_to_close_timeout=timedelta(seconds=5),
        )


# %% heartbeat_in_helper/activities.py
import time

from temporalio import activity


def beat() -> None:
    activity.heartbeat()


@activity.defn
async def charge(amount: int) -> str:
    beat()
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% heartbeat_passed
from datetime import timedelta

from temporalio import workflow

from .activities import charge


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return await workflow.execute_activity(
            charge,
            1,
            heartbeat_timeout=timedelta(seconds=5),
            start_to_close_timeout=timedelta(seconds=5),
        )


# %% heartbeat_passed/activities.py
import time

from temporalio import activity


@activity.defn
async def charge(amount: int) -> str:
    list(map(activity.heartbeat, [amount]))
    return str(time.time() + amount)


ACTIVITIES = [charge]


# %% heartbeat_in_activity_only
from datetime import timedelta

from temporalio import workflow

from .activities import slow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> int:
        return await workflow.execute_activity(
            slow,
            start_to_close_timeout=timedelta(seconds=5),
            heartbeat_timeout=timedelta(seconds=5),
        )


# %% heartbeat_in_activity_only/activities.py
from temporalio import activity, workflow


def beat() -> None:
    if activity.in_activity():
        activity.heartbeat()


def other_beat() -> None:
    if workflow.in_workflow():
        return
    activity.heartbeat()


@activity.defn
async def slow() -> int:
    for _ in range(3):
        beat()
    return 1


@activity.defn
async def slower() -> int:
    other_beat()
    return 1


ACTIVITIES = [slow, slower]
