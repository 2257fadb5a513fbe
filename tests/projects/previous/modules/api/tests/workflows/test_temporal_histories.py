"""The histories recorded in `tests/histories` replay with the current code.

`RECORD_HISTORY=1 pytest` records one execution of each workflow, and
`temporal workflow show --workflow-id ID --output json` prints any other. A history
contains the name of the machine that recorded it.
"""

import asyncio
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from backend.temporal_client import new_replayer
from backend.workflows.registry import WORKFLOWS

FOLDER = Path(__file__).parents[1] / "histories"
HISTORIES = [
    pytest.param(file.read_text(), id=file.stem)
    for file in sorted(FOLDER.glob("*.json"))
]


@pytest.mark.parametrize("history", HISTORIES)
def test_replays(history: str) -> None:
    recorded = WorkflowHistory.from_json("recorded", history)
    asyncio.run(new_replayer(WORKFLOWS).replay_workflow(recorded))
