# %% random_random
import random

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(random.random())  # expect: random


# %% choice_alias
from random import choice as pick

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return pick(["a", "b"])  # expect: random


# %% unseeded_generator
import random

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(random.Random().random())  # expect: random


# %% system_random
import random

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(random.SystemRandom().random())  # expect: random


# %% uuid4
import uuid

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(uuid.uuid4())  # expect: random


# %% uuid1
from uuid import uuid1

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(uuid1())  # expect: random


# %% secrets
import secrets

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return secrets.token_hex(4)  # expect: random


# %% urandom
import os

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return os.urandom(4).hex()  # expect: random


# %% shared_generator
import random

from temporalio import workflow

RNG = random.Random(7)


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(RNG.random())  # expect: random


# %% seed
import random

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        random.seed(1)  # expect: random
        return "seeded"


# %% star_import
from random import *

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(randint(1, 6))  # expect: random


# %% seeded_generator
import random

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(random.Random(7).random())


# %% seeded_by_workflow
import random

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        rng = random.Random(workflow.random().getrandbits(64))
        return str(rng.random())


# %% workflow_random
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(workflow.random().random())


# %% workflow_random_shadow
from temporalio import workflow
from temporalio.workflow import random


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(random().randint(1, 6))


# %% workflow_uuid4
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(workflow.uuid4())


# %% uuid5
import uuid

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, "example.com"))


# %% uuid_of_text
from uuid import UUID

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(UUID(int=7))


# %% constant_time_compare
import secrets

from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(secrets.compare_digest("a", "a"))


# %% own_random
from temporalio import workflow


@workflow.defn
class Probe:
    def random(self) -> int:
        return 4

    @workflow.run
    async def run(self) -> str:
        return str(self.random())


# %% seeded_subclass
import random

from temporalio import workflow


class Dice(random.Random):
    def roll(self) -> int:
        return self.randint(1, 6)


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> int:
        return Dice(42).roll()


# %% unseeded_subclass
import random

from temporalio import workflow


class Dice(random.Random):
    def roll(self) -> int:
        return self.randint(1, 6)


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> int:
        return Dice().roll()  # expect: random


# %% outside_of_the_sandbox
import uuid

from temporalio import workflow


def new_id() -> uuid.UUID:
    if workflow.unsafe.in_sandbox():
        return workflow.uuid4()
    return uuid.uuid4()


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(new_id())
