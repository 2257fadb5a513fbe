# %% global_statement
from temporalio import workflow

counter = 0


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        global counter
        counter += 1  # expect: global-state
        return str(counter)


# %% global_dict
from temporalio import workflow

CACHE: dict[str, int] = {}


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        CACHE["a"] = 1  # expect: global-state
        return str(CACHE)


# %% global_list
from temporalio import workflow

SEEN: list[str] = []


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        SEEN.append("a")  # expect: global-state
        return str(SEEN)


# %% nested_value
from temporalio import workflow

STATE: dict[str, dict[str, int]] = {"a": {}}


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        STATE["a"]["b"] = 1  # expect: global-state
        return str(STATE)


# %% delete
from temporalio import workflow

CACHE = {"a": 1}


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        del CACHE["a"]  # expect: global-state
        return str(CACHE)


# %% local_alias
from temporalio import workflow

CACHE: dict[str, int] = {}


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        cache = CACHE
        cache["a"] = 1  # expect: global-state
        return str(cache)


# %% class_attribute
from temporalio import workflow


@workflow.defn
class Probe:
    count = 0

    @workflow.run
    async def run(self) -> str:
        Probe.count += 1  # expect: global-state
        return str(Probe.count)


# %% attribute_of_type
from temporalio import workflow


@workflow.defn
class Probe:
    count = 0

    @workflow.run
    async def run(self) -> str:
        type(self).count = 1  # expect: global-state
        return str(self.count)


# %% attribute_of_dunder_class
from temporalio import workflow


@workflow.defn
class Probe:
    count = 0

    @workflow.run
    async def run(self) -> str:
        self.__class__.count = 1  # expect: global-state
        return str(self.count)


# %% shared_default
from temporalio import workflow


@workflow.defn
class Probe:
    names: list[str] = []

    @workflow.run
    async def run(self) -> str:
        self.names.append("a")  # expect: global-state
        return str(self.names)


# %% class_method
from temporalio import workflow


@workflow.defn
class Probe:
    count = 0

    @classmethod
    def note(cls) -> None:
        cls.count += 1  # expect: global-state

    @workflow.run
    async def run(self) -> str:
        self.note()
        return str(self.count)


# %% other_module
from temporalio import workflow

from . import state


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        state.LAST["a"] = 1  # expect: global-state
        return str(state.LAST)


# %% other_module/state.py
LAST: dict[str, int] = {}


# %% imported_variable
from temporalio import workflow

from .state import LAST


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        LAST.update(a=1)  # expect: global-state
        return str(LAST)


# %% imported_variable/state.py
LAST: dict[str, int] = {}


# %% object_of_module
from temporalio import workflow

from .state import COUNTER


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        COUNTER.count_up()
        return str(COUNTER.total)


# %% object_of_module/state.py
class Counter:
    def __init__(self) -> None:
        self.total = 0

    def count_up(self) -> None:
        self.total += 1  # expect: global-state


COUNTER = Counter()


# %% environ
import os

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        os.environ["PROBE"] = "1"  # expect: global-state
        return "set"


# %% setdefault
from os import environ

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        environ.setdefault("PROBE", "1")  # expect: global-state
        return "set"


# %% counter
import itertools

from temporalio import workflow

NUMBERS = itertools.count()


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(next(NUMBERS))  # expect: global-state


# %% setattr
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        setattr(Probe, "count", 1)  # expect: global-state
        return "set"


# %% sys_path
import sys

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        sys.path.append("/nowhere")  # expect: global-state
        return "set"


# %% globals
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        globals()["found"] = 1  # expect: global-state
        return "set"


# %% own_attribute
from temporalio import workflow


@workflow.defn
class Probe:
    def __init__(self) -> None:
        self.seen: list[str] = []

    @workflow.run
    async def run(self) -> str:
        self.seen.append("a")
        self.last = {"a": 1}
        return str(self.seen)


# %% local_variable
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        cache: dict[str, int] = {}
        cache["a"] = 1
        return str(cache)


# %% copy_of_global
from temporalio import workflow

NAMES = ["a"]


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        names = list(NAMES)
        names.append("b")
        return str(names)


# %% local_of_same_name
from temporalio import workflow

NAMES = ["a"]


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        NAMES = ["b"]
        NAMES.append("c")
        return str(NAMES)


# %% read_global
from temporalio import workflow

NAMES = ["a"]


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return NAMES[0] + str(len(NAMES))


# %% object_of_run
from temporalio import workflow

from .state import Counter


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        counter = Counter()
        counter.count_up()
        return str(counter.total)


# %% object_of_run/state.py
class Counter:
    def __init__(self) -> None:
        self.total = 0

    def count_up(self) -> None:
        self.total += 1


# %% nonlocal_variable
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        total = 0

        def add() -> None:
            nonlocal total
            total += 1

        add()
        return str(total)


# %% dataclass_default
from dataclasses import dataclass, field

from temporalio import workflow


@dataclass
class Bag:
    names: list[str] = field(default_factory=list)


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        bag = Bag()
        bag.names.append("a")
        return str(bag.names)


# %% attributes_of_targets
from contextlib import nullcontext

from temporalio import workflow


class Counts:
    def __init__(self) -> None:
        self.total, self.items = 0, {}
        [self.first, *self.others] = [{}, {}]
        for self.each in [{}, {}]:
            pass
        with nullcontext({}) as self.entered:
            pass

    def add(self, key: str) -> int:
        self.items[key] = 1
        self.first[key] = 1
        self.each[key] = 1
        self.entered[key] = 1
        return len(self.items)


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> int:
        return Counts().add("a")


# %% attributes_set_by_name
from typing import Any

from temporalio import workflow


class Counts:
    items: dict[str, int]
    more: Any

    def __init__(self) -> None:
        setattr(self, "items", {})
        self.__dict__.update(more={})

    def add(self, key: str) -> int:
        self.items[key] = 1
        self.more[key] = 1
        return len(self.items)


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> int:
        return Counts().add("a")
