# %% broken
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self -> str:  # expect: syntax
        return "run"


# %% valid
from temporalio import workflow


@workflow.defn
class Probe:
    @workflow.run
    async def run(self) -> str:
        return "run"
