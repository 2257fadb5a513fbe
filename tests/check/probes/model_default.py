# %% dataclass_now
from dataclasses import dataclass, field
from datetime import datetime

from temporalio import workflow


@dataclass
class Entry:
    at: datetime = field(default_factory=datetime.now)  # expect: model-default


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(Entry())


# %% dataclass_lambda
from dataclasses import dataclass, field
import uuid

from temporalio import workflow


@dataclass
class Entry:
    id: str = field(
        default_factory=lambda: str(uuid.uuid4())  # expect: model-default
    )


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(Entry())


# %% pydantic_uuid
from uuid import UUID, uuid4

from pydantic import BaseModel, Field
from temporalio import workflow


class Entry(BaseModel):
    id: UUID = Field(default_factory=uuid4)  # expect: model-default


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(Entry())


# %% own_function
from dataclasses import dataclass, field
import time

from temporalio import workflow


def stamp() -> float:
    return time.time()  # expect: clock


@dataclass
class Entry:
    at: float = field(default_factory=stamp)


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(Entry())


# %% post_init
from dataclasses import dataclass
import time

from temporalio import workflow


@dataclass
class Entry:
    at: float = 0

    def __post_init__(self) -> None:
        self.at = time.time()  # expect: clock


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(Entry().at)


# %% constant_factory
from dataclasses import dataclass, field

from temporalio import workflow


@dataclass
class Entry:
    names: list[str] = field(default_factory=list)
    count: int = 0


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return str(Entry())


# %% unused_model
from datetime import datetime

from pydantic import BaseModel, Field
from temporalio import workflow


class Entry(BaseModel):
    at: datetime = Field(default_factory=datetime.now)  # expect: model-default


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "unused"


# %% of_input
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from .models import Entry


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, entry: Entry) -> str:
        return str(entry)


# %% of_input/models.py
from datetime import datetime

from pydantic import BaseModel, Field


class Entry(BaseModel):
    at: datetime = Field(default_factory=datetime.now)  # expect: model-default


# %% of_nested_input
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from .models import Order


@workflow.defn
class Probe:
    @workflow.run
    async def run(self, order: Order) -> str:
        return str(order)


# %% of_nested_input/models.py
from datetime import datetime

from pydantic import BaseModel, Field


class Line(BaseModel):
    at: datetime = Field(default_factory=datetime.now)  # expect: model-default


class Order(BaseModel):
    lines: list[Line]


# %% unused_elsewhere
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from .models import Label


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return Label().text


# %% unused_elsewhere/models.py
from datetime import datetime

from pydantic import BaseModel, Field


class Entry(BaseModel):
    at: datetime = Field(default_factory=datetime.now)


class Label(BaseModel):
    text: str = "label"
