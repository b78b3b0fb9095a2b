"""Discovery against real MCP servers: every era and transport, and every way to fail."""

import asyncio
import json
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, RedirectResponse, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from mcpgateway.common.errors import UpstreamRejected, UpstreamTimeout, UpstreamUnreachable
from mcpgateway.common.mcp.modern import Implementation
from mcpgateway.common.policy.addresses import AddressPolicy
from mcpgateway.control_plane.discovery.client import Connector, HttpDiscoverer
from mcpgateway.control_plane.discovery.outbound import open_outbound
from mcpgateway.control_plane.registry.discovered.ports import Found, Target
from support.http import free_port
from support.mcp_asking import NAMES as ASKING
from support.mcp_servers import mcp_server, serve
from support.raw_mcp import RawMcp, discover, initialized

TOOL = '{{"name":"{}","inputSchema":{{"type":"object"}}}}'
TOOLS = ["echo", "add", "slow", "fail", "progress", "header", "touch", *ASKING]


def names(found: tuple[Found, ...]) -> list[str]:
    return [each.name for each in found]


@pytest.mark.parametrize(
    ("options", "transport", "era", "revision"),
    [
        ({}, "STREAMABLEHTTP", "modern", "2026-07-28"),
        ({"era": "modern"}, "STREAMABLEHTTP", "modern", "2026-07-28"),
        ({"era": "legacy"}, "STREAMABLEHTTP", "legacy", "2025-11-25"),
        ({"era": "legacy", "json_response": True}, "STREAMABLEHTTP", "legacy", "2025-11-25"),
        ({"transport": "sse"}, "SSE", "legacy", "2025-11-25"),
    ],
)
async def test_every_era_and_transport_is_recognised_and_read_in_full(
    discoverer: HttpDiscoverer, options: dict[str, Any], transport: str, era: str, revision: str
) -> None:
    async with mcp_server(**options) as upstream:
        found = await discoverer.discover(Target(upstream.url))

    assert (found.transport, found.era, found.protocol_version) == (transport, era, revision)
    assert (found.server_name, found.server_version) == ("fixture", "1.2.3")
    assert found.instructions == "Say hello."
    assert json.loads(found.capabilities)["tools"] == {"listChanged": True}
    assert names(found.tools) == TOOLS
    assert names(found.prompts) == ["greet"]
    assert names(found.resources) == ["memo://motto", "memo://logo"]
    assert names(found.templates) == ["memo://notes/{id}"]
    assert found.adds_result_type
    assert found.problems == ()
    definition = json.loads(found.tools[1].definition)
    assert "name" not in definition
    assert definition["annotations"] == {"readOnlyHint": True, "idempotentHint": True}


@pytest.mark.parametrize("options", [{"era": "modern"}, {"era": "legacy"}, {"transport": "sse"}])
async def test_lists_are_read_to_their_last_page(
    discoverer: HttpDiscoverer, options: dict[str, Any]
) -> None:
    async with mcp_server(page_size=1, **options) as upstream:
        found = await discoverer.discover(Target(upstream.url))
    assert names(found.tools) == TOOLS
    assert names(found.resources) == ["memo://motto", "memo://logo"]


async def test_a_transport_that_is_given_is_the_only_one_tried(discoverer: HttpDiscoverer) -> None:
    async with mcp_server(transport="sse") as upstream:
        with pytest.raises(UpstreamRejected) as refused:
            await discoverer.discover(Target(upstream.url, "STREAMABLEHTTP"))
        assert "/sse (initialize) answered 405" in refused.value.message
        assert refused.value.message.endswith(
            "only STREAMABLEHTTP was tried; transport AUTO tries all"
        )
        assert (await discoverer.discover(Target(upstream.url, "SSE"))).transport == "SSE"


async def test_an_upstream_that_wants_credentials_says_so_and_gets_them(
    discoverer: HttpDiscoverer,
) -> None:
    async with mcp_server(bearer="s3cret") as upstream:
        with pytest.raises(UpstreamRejected) as refused:
            await discoverer.discover(Target(upstream.url))
        assert refused.value.message == (
            f"POST {upstream.url} (server/discover) answered 401: "
            "credentials are missing or wrong (auth_type and its fields)"
        )
        target = Target(upstream.url, headers=(("Authorization", "Bearer s3cret"),))
        assert names((await discoverer.discover(target)).tools) == TOOLS


async def test_the_legacy_session_is_ended(discoverer: HttpDiscoverer) -> None:
    app = RawMcp({"initialize": initialized("{}")}, era="legacy")
    async with serve(app) as base:
        await discoverer.discover(Target(base))
    verb, _, headers = app.seen[-1]
    assert (verb, headers["mcp-session-id"]) == ("DELETE", "s-1")
    assert headers["mcp-protocol-version"] == "2025-06-18"


async def test_definitions_are_kept_as_sent(discoverer: HttpDiscoverer) -> None:
    sent = '{"inputSchema":{"type":"object","$defs":{ "n":{"maximum":1.10}}},"x-vendor":[1e400]}'
    tool = '{"name":"exact",' + sent[1:]
    app = RawMcp({"server/discover": discover(), "tools/list": f'{{"tools":[{tool}]}}'})
    async with serve(app) as base:
        found = await discoverer.discover(Target(base))
    assert found.tools == (Found("exact", sent.encode()),)
    assert not found.adds_result_type


async def test_one_bad_tool_costs_nothing_but_itself(discoverer: HttpDiscoverer) -> None:
    header = '{"type":"number","x-mcp-header":"N"}'
    wrong = f'{{"name":"h","inputSchema":{{"type":"object","properties":{{"n":{header}}}}}}}'
    tools = [TOOL.format("a"), '{"inputSchema":{}}', wrong, TOOL.format("a"), TOOL.format("b")]
    listed = f'{{"resultType":"complete","tools":[{",".join(tools)}]}}'
    app = RawMcp({"server/discover": discover('{"tools":{}}'), "tools/list": listed})
    async with serve(app) as base:
        found = await discoverer.discover(Target(base))
    assert names(found.tools) == ["a", "a", "b"]  # which of two counts is the registry's to judge
    assert found.problems == (
        "tools/list: item 1: has no 'name'",
        "tools/list: 'h': property 'n': x-mcp-header needs type string, integer, boolean",
    )


async def test_a_legacy_upstream_may_use_header_annotations_as_it_likes(
    discoverer: HttpDiscoverer,
) -> None:
    tool = '{"name":"h","inputSchema":{"type":"object","x-mcp-header":"N"}}'
    results = {"initialize": initialized('{"tools":{}}'), "tools/list": f'{{"tools":[{tool}]}}'}
    async with serve(RawMcp(results, era="legacy")) as base:
        found = await discoverer.discover(Target(base))
    assert names(found.tools) == ["h"]
    (problem,) = found.problems
    assert problem.startswith("tools/list: 'h': not offered to clients of 2026-07-28: ")


async def test_a_list_without_end_is_cut_and_named(discoverer: HttpDiscoverer) -> None:
    def page(params: dict[str, Any]) -> str:
        number = int(params.get("cursor", "0"))
        return f'{{"tools":[{TOOL.format(f"t{number}")}],"nextCursor":"{number + 1}"}}'

    app = RawMcp({"server/discover": discover('{"tools":{}}'), "tools/list": page})
    async with serve(app) as base:
        found = await discoverer.discover(Target(base))
    assert len(found.tools) == 50
    assert found.problems == ("tools/list: over 50 pages; the rest is left out",)


async def test_a_list_of_too_many_items_is_cut_and_named(discoverer: HttpDiscoverer) -> None:
    listed = ",".join(TOOL.format(f"t{number}") for number in range(10_001))
    app = RawMcp(
        {"server/discover": discover('{"tools":{}}'), "tools/list": f'{{"tools":[{listed}]}}'}
    )
    async with serve(app) as base:
        found = await discoverer.discover(Target(base))
    assert len(found.tools) == 10_000
    assert found.problems == ("tools/list: over 10000 items; the rest is left out",)


async def test_an_offered_list_that_is_not_there_is_named_but_missing_templates_are_usual(
    discoverer: HttpDiscoverer,
) -> None:
    results = {"initialize": initialized(), "resources/list": '{"resources":[]}'}
    async with serve(RawMcp(results, era="legacy")) as base:
        found = await discoverer.discover(Target(base))
    assert [problem.partition(":")[0] for problem in found.problems] == [
        "tools/list",
        "prompts/list",
    ]


async def test_a_list_that_fails_fails_the_discovery(discoverer: HttpDiscoverer) -> None:
    results = {"server/discover": discover('{"tools":{}}'), "tools/list": '{"tool":[]}'}
    async with serve(RawMcp(results)) as base:
        with pytest.raises(UpstreamRejected, match="result has no member 'tools'"):
            await discoverer.discover(Target(base))


async def test_a_modern_upstream_without_server_discover_is_read_all_the_same(
    discoverer: HttpDiscoverer,
) -> None:
    async with serve(RawMcp({"tools/list": f'{{"tools":[{TOOL.format("a")}]}}'})) as base:
        found = await discoverer.discover(Target(base))
    assert found.era == "modern"
    assert names(found.tools) == ["a"]
    async with serve(RawMcp({})) as base:
        with pytest.raises(UpstreamRejected, match="neither server/discover nor any list"):
            await discoverer.discover(Target(base))


@pytest.mark.parametrize(
    ("results", "era", "why"),
    [
        (
            {"server/discover": discover(versions='["2027-01-01"]')},
            "modern",
            "speaks 2027-01-01, we speak 2026-07-28",
        ),
        (
            {"initialize": initialized(version="2020-01-01")},
            "legacy",
            "answered protocolVersion '2020-01-01'; we speak 2025-11-25",
        ),
    ],
)
async def test_an_unknown_revision_is_refused_by_name(
    discoverer: HttpDiscoverer, results: dict[str, str], era: Any, why: str
) -> None:
    async with serve(RawMcp(results, era)) as base:
        with pytest.raises(UpstreamRejected, match=why):
            await discoverer.discover(Target(base))


async def test_an_upstream_that_hangs_is_given_up_and_named(hasty: Connector) -> None:
    async def hang(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    async with serve(hang_http(hang)) as base:
        with pytest.raises(UpstreamTimeout) as late:
            await HttpDiscoverer(hasty).discover(Target(base + "/mcp"))
    assert late.value.message == f"no answer in 1.5 s, waiting for POST {base}/mcp (initialize)"


def hang_http(inner: Any) -> Any:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await inner(scope, receive, send)

    return app


async def html(_: Any) -> HTMLResponse:
    return HTMLResponse("<h1>Welcome</h1>")


async def moved(_: Any) -> RedirectResponse:
    return RedirectResponse("http://elsewhere.example/mcp?key=1")


async def foreign(_: Any) -> StreamingResponse:
    async def events() -> Any:
        yield b"event: endpoint\ndata: http://elsewhere.example/message\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


SITE = Starlette(
    routes=[
        Route("/html", html, methods=["GET", "POST"]),
        Route("/moved", moved, methods=["GET", "POST"]),
        Route("/foreign/sse", foreign),
    ]
)


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/html", r"POST .*/html \(initialize\) answered 200 with HTML, not MCP: <h1>Welcome</h1>"),
        ("/moved", r"answered 307 and points to http://elsewhere.example/mcp: register that URL"),
        ("/foreign/sse", r"endpoint 'http://elsewhere.example/message' is of another origin"),
        ("/nothing", r"POST .* \(initialize\) answered 404 .*; GET .*/nothing answered 404"),
    ],
)
async def test_what_is_not_mcp_is_described(
    discoverer: HttpDiscoverer, path: str, why: str
) -> None:
    async with serve(SITE) as base:
        with pytest.raises(UpstreamRejected, match=why):
            await discoverer.discover(Target(base + path))


async def test_a_closed_port_is_unreachable(discoverer: HttpDiscoverer) -> None:
    port = free_port()
    with pytest.raises(UpstreamUnreachable) as refused:
        await discoverer.discover(Target(f"http://127.0.0.1:{port}/mcp"))
    assert refused.value.message == (
        f"POST http://127.0.0.1:{port}/mcp: no connection to 127.0.0.1:{port} (Connection refused)"
    )


async def test_a_server_without_tls_is_told_from_one_that_is_down(
    discoverer: HttpDiscoverer,
) -> None:
    async with serve(RawMcp({})) as base:
        with pytest.raises(UpstreamUnreachable, match=r"no TLS connection: .*SSL") as refused:
            await discoverer.discover(Target(base.replace("http://", "https://")))
    assert "Operation not permitted" not in refused.value.message


async def test_a_name_that_does_not_resolve_is_unreachable(discoverer: HttpDiscoverer) -> None:
    with pytest.raises(UpstreamUnreachable, match=r"'nowhere\.invalid' does not resolve"):
        await discoverer.discover(Target("http://nowhere.invalid/mcp"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_the_guard_refuses_before_anything_is_sent(host: str) -> None:
    app = RawMcp({})
    async with serve(app) as base, open_outbound(AddressPolicy()) as outbound:
        guarded = HttpDiscoverer(Connector(outbound, Implementation("mcpgateway", "0")))
        with pytest.raises(UpstreamUnreachable, match="SSRF_ALLOW_LOCALHOST"):
            await guarded.discover(Target(base.replace("127.0.0.1", host)))
    assert app.seen == []
