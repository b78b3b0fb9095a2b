"""Tools that are made of other tools, called through the running suite in both eras, beside tools
of every other kind at one server."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from support.mcp_servers import RunningServer, mcp_server
from support.pet_shop import PetShop, pet_shop
from support.suite import Suite, text_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
ERAS = ("legacy", "2026-07-28")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def upstream() -> AsyncIterator[RunningServer]:
    async with mcp_server() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop() -> AsyncIterator[PetShop]:
    async with pet_shop() as open_:
        yield open_


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mixed(suite: Suite, upstream: RunningServer, shop: PetShop) -> str:
    """The endpoint of a server with tools of an MCP server, of an API, and made of these."""
    await suite.register("calc", upstream.url)
    openapi = {"document_url": f"{shop.url}/openapi.yaml"}
    await post(suite, "/gateways", {"name": "shop", "transport": "OPENAPI", "openapi": openapi})
    await post(
        suite,
        "/tools",
        {
            "name": "add_five",
            "integration_type": "DERIVED",
            "recipe": {"tool": "calc-add", "fixed": {"b": 5}, "renamed": {"to": "a"}},
        },
    )
    steps = [
        {"name": "pets", "tool": "shop-list-pets", "arguments": {"kind": ["dog"], "X-Trace": "t"}},
        {
            "name": "sums",
            "tool": "add_five",
            "each": "$.input.numbers",
            "arguments": {"to": {"$": "$.item"}},
        },
        {
            "name": "said",
            "tool": "calc-echo",
            "arguments": {"text": {"$": "$.input.text"}},
        },
    ]
    result = {"said": {"$": "$.steps.said"}, "sums": {"$": "$.steps.sums[*].sum"}}
    body = {"steps": steps, "result": result}
    schema = {"type": "object", "required": ["numbers"]}
    composed = {"name": "all_of_it", "integration_type": "COMPOSED", "recipe": body}
    await post(suite, "/tools", composed | {"input_schema": schema})
    names = {each["name"]: each["id"] for each in await suite.tools()}
    held = ("add_five", "all_of_it", "calc-echo", "shop-get-pet")
    server = await suite.bundle("mixed", [names[name] for name in held])
    return f"/servers/{server}/mcp"


async def post(suite: Suite, path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with suite.http() as http:
        answer = await http.post(f"{path}?wait=applied", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("era", ERAS)
async def test_tools_of_all_kinds_are_called_at_one_server(
    suite: Suite, mixed: str, shop: PetShop, era: str
) -> None:
    async with suite.client(mixed, era) as client:
        listed = {each.name: each for each in (await client.list_tools()).tools}
        assert set(listed) == {"add_five", "all_of_it", "calc-echo", "shop-get-pet"}
        assert list(listed["add_five"].input_schema["properties"]) == ["to"]
        five = await client.call_tool("add_five", {"to": 2})
        wrong = await client.call_tool("add_five", {"to": 2, "b": 7})
        pet = await client.call_tool("shop-get-pet", {"petId": 3})
        all_ = await client.call_tool("all_of_it", {"numbers": [1, 2, 3], "text": "hi"})
        unfit = await client.call_tool("all_of_it", {})
    assert text_of(five) == "7"
    assert wrong.is_error
    assert "'to'" in text_of(wrong)
    assert pet.structured_content == {"id": 3, "name": "Rex"}
    assert json.loads(text_of(all_)) == all_.structured_content
    assert all_.structured_content["said"] == "hi"
    assert all_.structured_content["sums"] == [6, 7, 8]
    assert unfit.is_error


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_hears_how_far_a_run_came(suite: Suite, mixed: str, era: str) -> None:
    heard: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        assert total == 3
        assert message
        heard.append(progress)

    async with suite.client(mixed, era) as client:
        arguments = {"numbers": [1, 2], "text": "hi"}
        await client.call_tool("all_of_it", arguments, progress_callback=hear)
    assert heard == [1.0, 1.5, 2.0, 3.0]


async def test_what_a_tool_is_made_of_is_changed_for_all_replicas_at_once(
    suite: Suite, mixed: str
) -> None:
    [derived] = [each for each in await suite.tools() if each["name"] == "add_five"]
    recipe = {"tool": "calc-add", "fixed": {"b": 50}, "renamed": {"to": "a"}}
    async with suite.http() as http:
        answer = await http.put(f"/tools/{derived['id']}?wait=applied", json={"recipe": recipe})
    assert answer.status_code == 200, answer.text
    async with suite.client(mixed) as client:
        assert text_of(await client.call_tool("add_five", {"to": 2})) == "52"
        assert text_of(await client.call_tool("add_five", {"to": 3})) == "53"
