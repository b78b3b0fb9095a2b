"""Each transport of clients against real upstreams of both eras, on two replicas of which each
request reaches the next one."""

import asyncio

import pytest
from mcp.shared.exceptions import MCPError

from mcpgateway.common.runtime.tasks import end
from support.client_kinds import KINDS, Kind, Person
from support.suite import text_of
from support.two_replicas import ERAS, Era, Gateway
from support.wait import until

# The SDK's server leaves streams of sessions that end early to the garbage collector.
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
]


cells = pytest.mark.parametrize(("kind", "era"), [(kind, era) for kind in KINDS for era in ERAS])


@cells
async def test_lists_calls_and_progress(gateway: Gateway, kind: Kind, era: Era) -> None:
    person = Person()
    async with gateway.client(kind, person) as client:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert {f"{era}-echo", f"{era}-progress"} <= names
        said = await asyncio.gather(
            *(client.call_tool(f"{era}-echo", {"text": f"{n} \N{EURO SIGN}"}) for n in range(8))
        )
        assert [text_of(each) for each in said] == [f"{n} \N{EURO SIGN}" for n in range(8)]
        result = await client.call_tool(
            f"{era}-progress", {"steps": 3}, progress_callback=person.progressed
        )
        assert text_of(result) == "3 steps"
        await until(lambda: person.progress == [1, 2, 3], "all steps were told")
        motto = await client.read_resource("memo://motto")
        assert motto.contents


@cells
async def test_the_client_is_asked_whatever_the_upstream_wants(
    gateway: Gateway, kind: Kind, era: Era
) -> None:
    async with gateway.client(kind, Person("Bob")) as client:
        for tool, text in {
            "ask_name": "accept Bob",
            "ask_model": "Bob says hi",
            "ask_roots": "file:///a",
            "ask_twice": "accept Bob; accept Bob",
            "ask_both": "accept Bob; Bob says hi",
        }.items():
            result = await client.call_tool(f"{era}-{tool.replace('_', '-')}", {})
            assert (tool, text_of(result)) == (tool, text)


@cells
async def test_a_call_that_is_given_up_is_cancelled_at_the_upstream(
    gateway: Gateway, kind: Kind, era: Era
) -> None:
    upstream = gateway.upstreams[era]
    before = len(upstream.cancelled), upstream.calls.count("slow")
    async with gateway.client(kind, Person()) as client:
        calling = asyncio.create_task(client.call_tool(f"{era}-slow", {"seconds": 60}))
        await until(lambda: upstream.calls.count("slow") > before[1], "the call has arrived")
        await end(calling)
        await until(lambda: len(upstream.cancelled) > before[0], "it was cancelled")
        assert text_of(await client.call_tool(f"{era}-echo", {"text": "on"})) == "on"


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("kind", ["sse", "ws"])
async def test_a_client_that_is_gone_takes_its_calls_along(
    gateway: Gateway, kind: Kind, era: Era
) -> None:
    upstream = gateway.upstreams[era]
    before = len(upstream.cancelled), upstream.calls.count("slow")

    async def connect_and_wait() -> None:
        async with gateway.client(kind, Person()) as client:
            await client.call_tool(f"{era}-slow", {"seconds": 60})

    living = asyncio.create_task(connect_and_wait())
    await until(lambda: upstream.calls.count("slow") > before[1], "the call has arrived")
    await end(living)
    await until(lambda: len(upstream.cancelled) > before[0], "it was cancelled")


async def test_a_server_offers_the_revisions_that_its_operator_names(gateway: Gateway) -> None:
    tools = [each["id"] for each in await gateway.suite.tools() if each["name"] == "modern-echo"]
    named = ["2025-06-18", "2024-11-05"]
    server = await gateway.suite.bundle("old clients", tools, protocol_versions=named)
    for kind in ("legacy", "sse", "ws"):
        async with gateway.client(kind, Person(), server) as client:
            assert client.protocol_version == "2025-06-18"
            assert text_of(await client.call_tool("modern-echo", {"text": "hi"})) == "hi"
    with pytest.raises(ExceptionGroup) as refused:
        async with gateway.client("modern", Person(), server) as client:
            await client.call_tool("modern-echo", {"text": "hi"})
    assert refused.group_contains(MCPError, match="offers 2025-06-18, 2024-11-05")
    async with gateway.suite.http() as http:
        shown = (await http.get(f"/servers/{server}")).json()
        assert shown["protocolVersions"] == named
        answer = await http.put(f"/servers/{server}?wait=applied", json={"protocolVersions": []})
        assert answer.json()["protocolVersions"] == []
    async with gateway.client("modern", Person(), server) as client:
        assert text_of(await client.call_tool("modern-echo", {"text": "hi"})) == "hi"
