# %% for_loop
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        out = ""
        for name in {"a", "b"}:  # expect: set-order
            out += name
        return out


# %% comprehension
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str([name for name in {"a", "b"}])  # expect: set-order


# %% list_of_set
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(list(set(["a", "b"])))  # expect: set-order


# %% join
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return ",".join({"a", "b"})  # expect: set-order


# %% variable
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        names = set()
        names.add("a")
        for name in names:  # expect: set-order
            return name
        return ""


# %% attribute
from temporalio import workflow


@workflow.defn
class Probe:
    def __init__(self) -> None:
        self.names: set[str] = set()

    @workflow.run
    async def run(self) -> str:
        return str(list(self.names))  # expect: set-order


# %% parameter
from temporalio import workflow


@workflow.defn
class Probe:
    def join(self, names: frozenset[str]) -> str:
        return ",".join(names)  # expect: set-order

    @workflow.run
    async def run(self) -> str:
        return self.join({"a"})


# %% union
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(tuple({"a"} | {"b"}))  # expect: set-order


# %% pop
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        names = {"a", "b"}
        return names.pop()  # expect: set-order


# %% gather
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    async def wait(self, name: str) -> None:
        await workflow.sleep(0.01)

    @workflow.run
    async def run(self) -> str:
        names = {"a", "b"}
        await asyncio.gather(*(self.wait(name) for name in names))  # expect: set-order
        return "all"


# %% asyncio_wait
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        tasks = [asyncio.create_task(workflow.sleep(0.01))]
        await asyncio.wait(tasks)  # expect: set-order
        return "all"


# %% as_completed
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        for done in asyncio.as_completed([workflow.sleep(0.01)]):  # expect: set-order
            await done
        return "all"


# %% field_of_model
from dataclasses import dataclass

from temporalio import workflow


@dataclass
class Order:
    tags: set[str]


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, order: Order) -> str:
        return ",".join(order.tags)  # expect: set-order


# %% sorted
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return ",".join(sorted({"b", "a"}))


# %% sorted_list
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return ",".join(sorted(list({"b", "a"})))


# %% membership
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str("a" in {"a", "b"})


# %% length
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(len({"a", "b"}))


# %% any
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(any(name == "a" for name in {"a", "b"}))


# %% dict_order
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return ",".join({"a": 1, "b": 2})


# %% set_of_set
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(len({name.upper() for name in {"a", "b"}}))


# %% numbers
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str([number for number in {1, 2}])


# %% sorted_again
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        names = set(["a"])
        ordered = sorted(names)
        return ",".join(ordered)


# %% single
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        names = {"a"}
        if len(names) != 1:
            raise ValueError
        return next(iter(names))


# %% workflow_wait
import asyncio

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        tasks = [asyncio.create_task(workflow.sleep(0.01))]
        await workflow.wait(tasks)
        return "all"


# %% calls_in_loop
import asyncio

from temporalio import workflow


async def step(name: str) -> str:
    await asyncio.sleep(0.001)
    return name


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> str:
        names = {region, "b"}
        tasks: set[asyncio.Task[str]] = set()
        for name in names:  # expect: set-order
            tasks.add(asyncio.create_task(step(name)))
        return ",".join([await task for task in sorted(tasks, key=id)])  # expect: hash


# %% calls_in_set
import asyncio

from temporalio import workflow


async def step(name: str) -> str:
    await asyncio.sleep(0.001)
    return name


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> int:
        names = {region, "b"}
        return len({await step(name) for name in names})  # expect: set-order


# %% calls_in_any
import asyncio

from temporalio import workflow


async def step(name: str) -> str:
    await asyncio.sleep(0.001)
    return name


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> bool:
        names = {region, "b"}
        return any([await step(name) for name in names])  # expect: set-order


# %% counted_in_set
from temporalio import workflow


def short(name: str) -> str:
    return name[:3]


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> int:
        names = {region, "b"}
        kept: set[str] = set()
        for name in names:
            kept.add(name.strip().lower())
        return len({name.upper() for name in names}) + sum(len(name) for name in kept)


# %% compared_with_one
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> list[str]:
        names = {region, "b"}
        if max(names) == 1:
            return []
        return [name for name in names]  # expect: set-order


# %% several_after_one
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> list[str]:
        names = {region, "b"}
        if len(names) == 1:
            return [next(iter(names))]
        return list(names)  # expect: set-order


# %% one_item
from temporalio import workflow


def first(names: set[str]) -> str:
    if len(names) > 1:
        raise ValueError
    return next(iter(names))


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> str:
        names = {region}
        found = [next(iter(names)) if len(names) == 1 else ""]
        if 1 == len(names) and region:
            found.append(next(iter(names)))
        if len(names) == 1 and next(iter(names)) == "x":
            found.append("x")
        if len(names) > 1 or next(iter(names)) == "x":
            found.append("x")
        if len(names) != 1:
            found.append("")
        else:
            found.append(next(iter(names)))
        for _ in range(2):
            if len(names) != 1:
                continue
            found.append(next(iter(names)))
        assert len(names) == 1
        found.append(names.pop())
        return ",".join(found) + first({region})


# %% no_longer_one_item
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> list[str]:
        names = {region}
        if len(names) != 1:
            return []
        names = {region, "b"}
        return list(names)  # expect: set-order


# %% added_to_one_item
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> list[str]:
        names = {region}
        if len(names) == 1:
            names.add("b")
            return list(names)  # expect: set-order
        return []


# %% compared
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> bool:
        names = {region, "b"}
        return list(names) == ["b", region]  # expect: set-order


# %% removed_from_list
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> list[str]:
        queue = [region, "b", "c"]
        for name in {region, "b"}:
            queue.remove(name)
        steps: list[str] = []
        for name in {region, "b"}:  # expect: set-order
            steps.append(name)
        return queue + steps


# %% paired
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> list[tuple[int, str]]:
        return sorted(enumerate({region, "b"}))  # expect: set-order


# %% sorted_parts
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> list[str]:
        names = {region, "b"}
        return sorted([*names]) + sorted((*names, "c")) + sorted(list(names) + ["x"])


# %% unpacked_into_names
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> list[str]:
        names = {region, "b"}
        first, second = names  # expect: set-order
        [only] = {region}
        return [first, second, only]
