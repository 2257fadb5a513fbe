"""An agent that has only the MCP server: from a project to a verified workflow.

It acts on what the server says: `status` first, then the call that `next` contains. Prints each
call and, at the end, the number of calls, of all requests, and of characters that the agent has
read.

Arguments: the program, the project's folder, the mode of the client.
"""

import asyncio
import json
import os
import sys
from typing import Any

from mcp import Client, StdioServerParameters

TASK: dict[str, dict[str, Any]] = {
    "add-temporal-workflow": {
        "names": ["order"],
        "input": ["order_id:str"],
        "output": ["status:str"],
        "activity": ["reserve", "charge"],
        "signal": ["approve"],
    }
}
"""What only the agent's task says; everything else is a default."""


async def run(program: str, folder: str, mode: str) -> None:
    # The client passes on only a few variables, and the settings of a package index are none.
    server = StdioServerParameters(
        command=program, args=["mcp", "--project", folder], env=dict(os.environ)
    )
    read = 0
    calls = 0
    requests = 1  # the first one, which opens the session
    steps: list[str] = []

    async def on_progress(_: float, __: float | None, message: str | None) -> None:
        steps.append(message or "")

    async with Client(server, mode=mode) as client:
        read += len(client.instructions or "")
        tool, done = "status", False
        arguments: dict[str, Any] = {}
        listed: set[str] = set()
        while not done:
            if tool not in listed:
                requests += 1
                tools = (await client.list_tools()).tools
                text = json.dumps([t.model_dump(exclude_none=True) for t in tools])
                read += len(text)
                listed = {t.name for t in tools}
            assert tool in listed, (tool, listed)
            calls += 1
            result = await client.call_tool(
                tool, arguments | TASK.get(tool, {}), progress_callback=on_progress
            )
            report = result.structured_content
            # A host gives a model either the text or the data: here, the text.
            read += sum(len(part.text) for part in result.content)
            assert not result.is_error, report
            print(tool, report["status"])
            done = tool == "verify"
            if not done:
                tool = report["next"][0]["tool"]
                arguments = report["next"][0]["arguments"]
        print(report["summary"].split(";")[0])
        print("progress:", ", ".join(steps))
        print("calls:", calls)
        print("requests:", requests + calls)
        print("characters:", read)


asyncio.run(run(*sys.argv[1:]))
