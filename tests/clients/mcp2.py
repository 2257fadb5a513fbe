"""The three steps with the client of PyPI's `mcp` 2, in the mode that is given.

Arguments: the program, the project's folder, the mode.
"""

import asyncio
import sys

from mcp import Client, StdioServerParameters


async def take_the_steps(program: str, folder: str, mode: str) -> None:
    changes = 0
    changed = asyncio.Event()

    async def on_message(message: object) -> None:
        nonlocal changes
        if getattr(message, "method", None) == "notifications/tools/list_changed":
            changes += 1
            changed.set()

    server = StdioServerParameters(command=program, args=["mcp", "--project", folder])
    async with Client(server, mode=mode, message_handler=on_message) as client:

        async def names() -> list[str]:
            return [tool.name for tool in (await client.list_tools()).tools]

        async def call(tool: str, **arguments: object) -> dict:
            result = await client.call_tool(tool, arguments)
            return result.structured_content | {"is_error": result.is_error}

        assert folder in client.instructions, client.instructions
        assert await names() == ["add-temporal", "status", "check"]
        early = await call("add-temporal-client")
        assert early["is_error"] and early["next"][0]["tool"] == "add-temporal"
        if mode == "legacy":
            assert (await call("add-temporal"))["status"] == "applied"
            await asyncio.wait_for(changed.wait(), 30)
        else:
            async with client.listen(tools_list_changed=True) as events:
                assert (await call("add-temporal"))["status"] == "applied"
                await asyncio.wait_for(anext(aiter(events)), 30)
        assert await names() == [
            "add-temporal",
            "add-temporal-client",
            "remove-temporal",
            "status",
            "check",
        ]
        assert (await call("add-temporal-client"))["status"] == "applied"
        done = await call("add-temporal-workflow", names=["greeting"], signal=["go"])
        assert done["status"] == "applied", done
        wrong = await call("add-temporal-workflow", names=["2fa; rm"])
        assert wrong["is_error"] and wrong["error"]["code"] == "invalid-name"
        (service,) = (await call("status"))["services"]
        assert service["workflows"] == ["GreetingWorkflow"]
        resource = await client.read_resource("bluetext://project")
        assert "GreetingWorkflow" in resource.contents[0].text
        print(mode, client.protocol_version)


asyncio.run(take_the_steps(*sys.argv[1:]))
