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


# %% positional_of_subclass
from dataclasses import dataclass, field
from datetime import datetime

from temporalio import workflow


@dataclass
class Base:
    id: str
    at: datetime = field(default_factory=datetime.now)


@dataclass
class Order(Base):
    count: int = 0


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return Order("x", workflow.now(), 2).id


# %% positional_without_it
from dataclasses import dataclass, field
from datetime import datetime

from temporalio import workflow


@dataclass
class Base:
    id: str
    at: datetime = field(default_factory=datetime.now)  # expect: model-default


@dataclass
class Order(Base):
    count: int = 0


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return Order("x").id


# %% replaced_in_other_module
from pydantic import BaseModel
from temporalio import workflow

from .models import Base


class Order(Base):
    at: str = "x"


class Kept(BaseModel):
    order: Order


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return Kept(order=Order()).order.at


# %% replaced_in_other_module/models.py
import time

from pydantic import BaseModel, Field


class Base(BaseModel):
    at: str = Field(default_factory=lambda: str(time.time()))


# %% of_other_module
from temporalio import workflow

from .models import Base


class Order(Base):
    name: str = "x"


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return Order().at


# %% of_other_module/models.py
import time

from pydantic import BaseModel, Field


class Base(BaseModel):
    at: str = Field(default_factory=lambda: str(time.time()))  # expect: model-default


# %% class_body
import time

from temporalio import workflow


class Settings:
    started = time.time()  # expect: clock


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> float:
        return Settings().started
