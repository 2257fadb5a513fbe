"""The three steps with the client of PyPI's `mcp` 1, which knows the earlier era alone.

Arguments: the program, the project's folder.
"""

import asyncio
import sys

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client


async def take_the_steps(program: str, folder: str) -> None:
    server = StdioServerParameters(command=program, args=["mcp", "--project", folder])
    async with stdio_client(server) as streams, ClientSession(*streams) as session:
        await session.initialize()

        async def names() -> list[str]:
            return [tool.name for tool in (await session.list_tools()).tools]

        async def call(tool: str, **arguments: object) -> dict:
            result = await session.call_tool(tool, arguments)
            return result.structuredContent | {"is_error": result.isError}

        assert await names() == ["add-temporal", "status", "check"]
        early = await call("add-temporal-workflow", names=["x"])
        assert early["is_error"] and early["next"][0]["tool"] == "add-temporal"
        for tool, arguments in [
            ("add-temporal", {}),
            ("add-temporal-client", {}),
            ("add-temporal-workflow", {"names": ["greeting"], "input": ["name:str"]}),
        ]:
            report = await call(tool, **arguments)
            assert report["status"] == "applied", report
        assert len(await names()) == 9
        (service,) = (await call("status"))["services"]
        assert service["workflows"] == ["GreetingWorkflow"]
        print("legacy")


asyncio.run(take_the_steps(*sys.argv[1:]))
