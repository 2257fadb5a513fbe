# %% same_module
import time

from temporalio import workflow


def stamp() -> str:
    return str(time.time())  # expect: clock


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return stamp()


# %% other_module
from temporalio import workflow

from .helpers import stamp


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return stamp()


# %% other_module/helpers.py
import time


def stamp() -> str:
    return str(time.time())  # expect: clock


# %% through_module
from temporalio import workflow

from . import helpers


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return helpers.stamp()


# %% through_module/helpers.py
import time


def stamp() -> str:
    return str(time.time())  # expect: clock


# %% reexported
from temporalio import workflow

from .names import stamp


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return stamp()


# %% reexported/names.py
from .helpers import stamp

__all__ = ["stamp"]


# %% reexported/helpers.py
import time


def stamp() -> str:
    return str(time.time())  # expect: clock


# %% own_method
import time

from temporalio import workflow


@workflow.defn
class Probe:
    def stamp(self) -> str:
        return str(time.time())  # expect: clock

    @workflow.run
    async def run(self) -> str:
        return self.stamp()


# %% inherited_method
from temporalio import workflow

from .base import Base


@workflow.defn
class Probe(Base):
    @workflow.run
    async def run(self) -> str:
        return self.stamp()


# %% inherited_method/base.py
import time


class Base:
    def stamp(self) -> str:
        return str(time.time())  # expect: clock


# %% property
import time

from temporalio import workflow


@workflow.defn
class Probe:
    @property
    def stamp(self) -> str:
        return str(time.time())  # expect: clock

    @workflow.run
    async def run(self) -> str:
        return self.stamp


# %% decorator
from temporalio import workflow

from .helpers import timed


@timed
def work() -> str:
    return "work"


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return work()


# %% decorator/helpers.py
import time
from collections.abc import Callable


def timed(function: Callable[[], str]) -> Callable[[], str]:
    def wrapper() -> str:
        return function() + str(time.time())  # expect: clock

    return wrapper


# %% object
from temporalio import workflow

from .helpers import Stamp


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return Stamp().text()


# %% object/helpers.py
import time


class Stamp:
    def text(self) -> str:
        return str(time.time())  # expect: clock


# %% typed_parameter
from temporalio import workflow

from .helpers import Stamp


@workflow.defn
class Probe:
    def show(self, stamp: Stamp) -> str:
        return stamp.text()

    @workflow.run
    async def run(self) -> str:
        return self.show(Stamp())


# %% typed_parameter/helpers.py
import time


class Stamp:
    def text(self) -> str:
        return str(time.time())  # expect: clock


# %% callback
from collections.abc import Callable

from temporalio import workflow

from .helpers import stamp


@workflow.defn
class Probe:
    def show(self, text: Callable[[], str]) -> str:
        return text()

    @workflow.run
    async def run(self) -> str:
        return self.show(stamp)


# %% callback/helpers.py
import time


def stamp() -> str:
    return str(time.time())  # expect: clock


# %% wait_condition
import time

from temporalio import workflow


@workflow.defn
class Probe:
    def is_late(self) -> bool:
        return time.time() > 0  # expect: clock

    @workflow.run
    async def run(self) -> str:
        await workflow.wait_condition(self.is_late)
        return "late"


# %% circle
import time

from temporalio import workflow


def first(count: int) -> str:
    return second(count - 1) if count else "end"


def second(count: int) -> str:
    return first(count - 1) if count else str(time.time())  # expect: clock


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return first(3)


# %% not_called
from temporalio import workflow

from .helpers import label


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return label()


# %% not_called/helpers.py
import time


def stamp() -> str:
    return str(time.time())


def label() -> str:
    return "label"


# %% handed_over
from temporalio import workflow

from .helpers import HANDLERS


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return HANDLERS["label"]()


# %% handed_over/helpers.py
from collections.abc import Callable


def label() -> str:
    return "label"


HANDLERS: dict[str, Callable[[], str]] = {"label": label}
