# %% hash_of_text
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(hash("a") % 4)  # expect: hash


# %% id_of_object
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(id(self))  # expect: hash


# %% hash_of_number
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(hash(7))


# %% hashlib
import hashlib

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return hashlib.sha256(b"a").hexdigest()


# %% id_parameter
from temporalio import workflow


@workflow.defn
class Probe:
    def label(self, id: str) -> str:
        return id.upper()

    @workflow.run
    async def run(self) -> str:
        return self.label("a")


# %% same_object
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        seen = set()
        seen.add(id(self))
        return str(id(self) in seen)


# %% compared_with_number
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, region: str) -> bool:
        return hash(region) > 5  # expect: hash
