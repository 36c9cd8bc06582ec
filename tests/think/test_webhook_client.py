"""Tools at a URL, against a real server on loopback."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from duologue.errors import Refused
from duologue.think.messages import Endpoint, ToolCall, ToolResult, ToolSpec
from duologue.think.outbound import OutboundRules
from duologue.think.webhook_client import MAX_ANSWER, WebhookRunner
from tests.think.local_server import LocalServer, serving

CALL = ToolCall("c1", "price", '{"drink": "iced tea", "sizes": [1, 2], "cold": true}')


async def run(server: LocalServer, method: str = "POST", call: ToolCall = CALL, **settings: float) -> ToolResult:
    runner = WebhookRunner(OutboundRules.parse([server.url]), **settings)
    spec = ToolSpec("price", endpoint=Endpoint(f"{server.url}/tools/price?v=1", method, {"X-Key": "theirs"}))
    try:
        return await runner.run(call, spec)
    finally:
        await runner.close()


async def test_arguments_are_posted_as_json_with_the_given_headers() -> None:
    async with serving(LocalServer(pieces=[b'{"price":', b" 2}"])) as server:
        result = await run(server, "post")
    assert result == ToolResult("c1", "price", '{"price": 2}')
    asked = server.asked[0]
    assert (asked.method, asked.target, asked.headers["x-key"]) == ("POST", "/tools/price?v=1", "theirs")
    assert asked.json == {"drink": "iced tea", "sizes": [1, 2], "cold": True}


async def test_a_get_has_them_in_the_query() -> None:
    async with serving(LocalServer(pieces=[b"two"])) as server:
        assert (await run(server, "GET")).content == "two"
    assert server.asked[0].target == "/tools/price?v=1&drink=iced+tea&sizes=%5B1%2C+2%5D&cold=true"
    assert server.asked[0].body == b""


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_anything_but_success_is_an_error_result(status: int) -> None:
    async with serving(LocalServer(status, [b"no tea"], {"location": "http://127.0.0.1:1/"})) as server:
        result = await run(server)
    assert result == ToolResult("c1", "price", f"price answered {status}: no tea", error=True)
    assert len(server.asked) == 1


async def test_a_long_answer_is_cut() -> None:
    async with serving(LocalServer(pieces=[b"x" * 50_000] * 3)) as server:
        assert len((await run(server)).content) == MAX_ANSWER


async def test_a_tool_that_does_not_answer_is_given_up_and_its_connection_with_it() -> None:
    async with serving(LocalServer(pieces=[b"wait"], hang=True)) as server:
        runner = WebhookRunner(OutboundRules.parse([server.url]), time_limit=0.2)
        result = await runner.run(CALL, ToolSpec("price", endpoint=Endpoint(server.url)))
        if server.connections:
            await server.left.wait()
        await runner.close()
    assert result.error
    assert "price " in result.content


async def test_a_tool_that_is_not_there_is_an_error_result() -> None:
    async with serving(LocalServer()) as server:
        pass
    assert (await run(server)).content == "price could not be reached (ConnectError)"


@pytest.mark.parametrize("arguments", ["{", "[1]", '"text"'])
async def test_arguments_that_are_no_object_are_refused(arguments: str) -> None:
    async with serving(LocalServer()) as server:
        result = await run(server, call=ToolCall("c1", "price", arguments))
    assert result.error
    assert server.asked == []


async def test_a_tool_of_the_client_is_none_of_ours() -> None:
    runner = WebhookRunner(OutboundRules())
    assert "tool of the client" in (await runner.run(CALL, ToolSpec("price"))).content
    await runner.close()


async def test_a_name_is_resolved_once_and_the_request_goes_to_that_address() -> None:
    looked_up: list[tuple[str, int]] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        looked_up.append((host, port))
        return ["127.0.0.1"] if len(looked_up) == 1 else ["10.0.0.1"]

    async with serving(LocalServer(pieces=[b"ok"])) as server:
        rule = f"http://tools.internal:{server.port}"
        runner = WebhookRunner(OutboundRules.parse([rule]), resolve=resolve)
        result = await runner.run(CALL, ToolSpec("price", endpoint=Endpoint(f"{rule}/x")))
        await runner.close()
    assert result.content == "ok"
    assert looked_up == [("tools.internal", server.port)]
    assert server.asked[0].headers["host"] == f"tools.internal:{server.port}"


async def test_a_name_that_leads_inside_is_not_followed() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return ["127.0.0.1"]

    async with serving(LocalServer(pieces=[b"ok"])) as server:
        runner = WebhookRunner(OutboundRules.parse(["*"]), resolve=resolve)
        spec = ToolSpec("price", endpoint=Endpoint(f"https://evil.example.com:{server.port}/x"))
        result = await runner.run(CALL, spec)
        await runner.close()
    assert result.error
    assert "was not called: evil.example.com has no address" in result.content
    assert server.connections == 0


async def test_a_name_nobody_knows_is_refused() -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        raise Refused("outbound", f"{host} cannot be resolved")

    runner = WebhookRunner(OutboundRules.parse(["*"]), resolve=resolve)
    result = await runner.run(CALL, ToolSpec("price", endpoint=Endpoint("https://nowhere.example.com/x")))
    await runner.close()
    assert "nowhere.example.com cannot be resolved" in result.content
