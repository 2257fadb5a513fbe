# %% time_time
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(time.time())  # expect: clock


# %% module_alias
import time as t

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(t.monotonic())  # expect: clock


# %% name_alias
from time import perf_counter as tick

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(tick())  # expect: clock


# %% variable_alias
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        clock = time.time_ns
        return str(clock())  # expect: clock


# %% module_variable_alias
from datetime import datetime

from temporalio import workflow

now = datetime.now


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(now())  # expect: clock


# %% datetime_now
from datetime import UTC, datetime

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return datetime.now(UTC).isoformat()  # expect: clock


# %% datetime_module
import datetime as dt

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return dt.datetime.utcnow().isoformat()  # expect: clock


# %% date_today
from datetime import date

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return date.today().isoformat()  # expect: clock


# %% sleep
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        time.sleep(0.01)  # expect: clock
        return "slept"


# %% gmtime_without_argument
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return time.strftime("%Y", time.gmtime())  # expect: clock


# %% gmtime_of_none
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(time.gmtime(None).tm_year)  # expect: clock


# %% ctime_without_argument
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return time.ctime()  # expect: clock


# %% strftime_without_time
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return time.strftime("%Y")  # expect: clock


# %% import_in_function
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        import time

        return str(time.time())  # expect: clock


# %% in_lambda
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        stamp = lambda: time.time()  # expect: clock
        return str(stamp())


# %% in_nested_function
from datetime import datetime

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        def stamp() -> str:
            return str(datetime.now())  # expect: clock

        return stamp()


# %% in_comprehension
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(sum(time.time() for _ in range(2)))  # expect: clock


# %% passed_as_function
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(list(map(time.clock_gettime, [0])))  # expect: clock


# %% passed_with_argument
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(list(map(time.ctime, [0])))


# %% in_signal
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.signal
    def poke(self, at: float) -> None:
        self.late = time.time() - at  # expect: clock

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(lambda: True)
        return "done"


# %% in_query
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.query
    def age(self) -> float:
        return time.monotonic()  # expect: clock

    @workflow.run
    async def run(self) -> str:
        return "done"


# %% at_top
from datetime import datetime

from temporalio import workflow

STARTED = datetime.now()  # expect: clock


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return STARTED.isoformat()


# %% workflow_now
from datetime import timedelta

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return (workflow.now() + timedelta(days=1)).isoformat()


# %% workflow_time
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(workflow.time())


# %% workflow_sleep
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        await workflow.sleep(0.01)
        return "slept"


# %% asyncio_sleep
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        await asyncio.sleep(0.01)
        return "slept"


# %% loop_time
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(asyncio.get_running_loop().time())


# %% gmtime_of_number
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return time.asctime(time.gmtime(0))


# %% strftime_of_time
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return time.strftime("%Y", time.gmtime(0))


# %% datetime_of_timestamp
from datetime import UTC, datetime

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return datetime.fromtimestamp(0, UTC).isoformat()


# %% local_shadow
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        time = {"time": 1}
        return str(time["time"])


# %% shadowed_by_function
from temporalio import workflow


def now() -> float:
    return 1.0


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(now())


# %% shadowed_by_parameter
from temporalio import workflow


@workflow.defn
class Probe:
    def stamp(self, time: float) -> str:
        return str(time.is_integer())

    @workflow.run
    async def run(self) -> str:
        return self.stamp(0.5)


# %% type_checking
from typing import TYPE_CHECKING

from temporalio import workflow

if TYPE_CHECKING:
    import time

    NOW = time.time()


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "typed"


# %% only_annotation
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        start: "time.struct_time | None" = None
        return str(start)


# %% never_called
import time

from temporalio import workflow


def stamp() -> float:
    return time.time()


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "quiet"


# %% outside_of_workflows
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        if workflow.in_workflow():
            return str(workflow.time())
        else:
            return str(time.time())


# %% outside_in_elif
import time

from temporalio import workflow


def stamp(region: str) -> float:
    if region == "none":
        return 0.0
    elif not workflow.in_workflow():
        return time.time()
    else:
        return workflow.time()


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> float:
        return stamp(region)


# %% inside_in_elif
import time

from temporalio import workflow


def stamp(region: str) -> float:
    if region == "none":
        return 0.0
    elif workflow.in_workflow():
        return time.time()  # expect: clock
    return workflow.time()


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> float:
        return stamp(region)
