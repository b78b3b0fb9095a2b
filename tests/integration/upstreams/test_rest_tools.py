"""Tools that are REST operations, called by both eras' clients at a service that listens."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from mcpgateway.common.routing.model import Credential, Tool
from support.data_plane import DataPlane, data_plane
from support.endpoint import wire_sealed
from support.rest_service import PNG, RestService, rest_service

ERAS = ("legacy", "2026-07-28")


@pytest.fixture
async def service() -> AsyncIterator[RestService]:
    async with rest_service() as made:
        yield made


async def called(
    tool: Tool, arguments: dict[str, Any], *records: Any, era: str = "legacy", **settings: str
) -> Any:
    async with data_plane(tool, *records, **settings) as plane, plane.client("/mcp", era) as client:
        return await client.call_tool(tool.name, arguments)


def said(result: Any) -> str:
    return str(result.content[0].text)


@pytest.mark.parametrize("era", ERAS)
async def test_an_operation_is_listed_and_called_like_any_tool(
    service: RestService, era: str
) -> None:
    tool = service.tool("update-user", "/echo/users/{id}?v=1", method="PUT")
    async with data_plane(tool) as plane, plane.client("/mcp", era) as client:
        assert [each.name for each in (await client.list_tools()).tools] == ["update-user"]
        result = await client.call_tool("update-user", {"id": "a/b", "name": "Ann"})
    assert not result.is_error
    assert result.structured_content == json.loads(said(result))
    asked = service.asked[0]
    assert (asked["method"], asked["raw"]) == ("PUT", "/echo/users/a%2Fb")
    assert asked["target"].endswith("?v=1")
    assert json.loads(asked["body"]) == {"name": "Ann"}
    assert asked["headers"]["content-type"] == "application/json"


async def test_credentials_and_headers_of_the_tool_go_out_and_an_argument_replaces_neither(
    service: RestService,
) -> None:
    sealed = wire_sealed("credential", "c", b'[["x-api-key","secret"]]')
    tool = service.tool(
        "t",
        "/echo/x",
        method="GET",
        credential="c",
        headers={"X-Own": "own"},
        header_mapping={"key": "X-Api-Key", "h": "X-H"},
    )
    await called(tool, {"key": "stolen", "h": "value"}, Credential("c", sealed))
    headers = service.asked[0]["headers"]
    assert headers["x-api-key"] == "secret"
    assert (headers["x-own"], headers["x-h"]) == ("own", "value")
    assert "authorization" not in headers
    assert not any(name.startswith("mcp-") for name in headers)


async def test_without_its_credentials_no_request_goes_out(service: RestService) -> None:
    async with data_plane(service.tool("t", "/echo/x", credential="gone")) as plane:
        answer = await posted(plane, "t", {})
    assert "not in the table" in answer["error"]["message"]
    assert service.asked == []


async def posted(plane: DataPlane, name: str, arguments: Any, **headers: str) -> Any:
    """By plain HTTP."""
    raw = arguments if isinstance(arguments, bytes) else msgspec.json.encode(arguments)
    body = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%b,"arguments":%b}}' % (
        msgspec.json.encode(name),
        raw,
    )
    async with plane.http() as http:
        sent = {"content-type": "application/json", **headers}
        return (await http.post("/rpc", content=body, headers=sent)).json()


async def test_the_clients_headers_pass_by_the_tools_allow_list(service: RestService) -> None:
    names = ("x-tenant",)
    shown = service.tool("a", "/echo/x", passthrough_headers=names)
    hidden = service.tool("b", "/echo/x", passthrough_headers=names, expose_passthrough=False)
    async with data_plane(shown, hidden) as plane:
        await posted(plane, "a", {}, **{"x-tenant": "t", "x-other": "o"})
        await posted(plane, "b", {}, **{"x-tenant": "t"})
    first, second = (each["headers"] for each in service.asked)
    assert first["x-tenant"] == "t"
    assert "x-other" not in first
    assert "x-tenant" not in second


@pytest.mark.parametrize("era", ERAS)
async def test_arguments_that_can_not_be_sent_are_told_to_the_model(
    service: RestService, era: str
) -> None:
    result = await called(service.tool("t", "/echo/{id}"), {"id": "../admin"}, era=era)
    assert result.is_error
    assert "/id: has a step" in said(result)
    assert service.asked == []


async def test_duplicate_keys_are_refused_with_their_place(service: RestService) -> None:
    async with data_plane(service.tool("t", "/echo/x")) as plane:
        answer = await posted(plane, "t", b'{"a":{"b":1,"b":2}}')
    assert answer["error"]["code"] == -32602
    assert "/a/b" in answer["error"]["message"]
    assert service.asked == []


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("png", {"type": "image", "mimeType": "image/png"}),
        ("wav", {"type": "audio", "mimeType": "audio/wav"}),
        ("zip", {"type": "resource"}),
        ("text", {"type": "text", "text": "plain"}),
        ("latin", {"type": "text", "text": "é"}),
        ("list", {"type": "text", "text": "[1,2]"}),
        ("empty", {"type": "text", "text": "204 No Content, without a body"}),
    ],
)
async def test_a_body_becomes_what_mcp_has_for_it(
    service: RestService, era: str, kind: str, expected: dict[str, str]
) -> None:
    result = await called(service.tool("t", f"/typed/{kind}", method="GET"), {}, era=era)
    shown = result.content[0].model_dump(by_alias=True)
    assert not result.is_error
    assert shown | expected == shown
    if kind == "png":
        assert base64.b64decode(shown["data"]) == PNG
    if kind == "zip":
        assert shown["resource"]["mimeType"] == "application/zip"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("broken", "that is none"),
        ("huge", "over 8388608 bytes"),
        ("gzip", "content encoding 'gzip'"),
        ("there", "redirects are not followed"),
    ],
)
async def test_an_answer_that_can_not_be_used_is_an_error_of_the_tool(
    service: RestService, kind: str, expected: str
) -> None:
    result = await called(service.tool("t", f"/typed/{kind}", method="GET"), {})
    assert result.is_error
    assert expected in said(result)


@pytest.mark.parametrize("era", ERAS)
async def test_an_error_tells_the_status_and_a_bounded_part_of_the_services_words(
    service: RestService, era: str
) -> None:
    result = await called(service.tool("t", "/status/404?key=k", method="GET"), {}, era=era)
    assert result.is_error
    assert "answered 404 Not Found; look at the arguments" in said(result)
    assert ". It says: no such user xxx" in said(result)
    assert len(said(result)) < 2500
    assert "key=k" not in said(result)


async def test_a_server_that_fails_may_have_done_what_is_not_idempotent(
    service: RestService,
) -> None:
    posts = await called(service.tool("t", "/status/500"), {})
    gets = await called(service.tool("t", "/status/500", method="GET"), {})
    assert "may have been carried out" in said(posts)
    assert "may have been carried out" not in said(gets)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_service_that_is_late_is_an_error_of_the_tool(
    service: RestService, method: str
) -> None:
    tool = service.tool("t", "/slow", method=method, timeout_ms=200)
    result = await called(tool, {})
    assert result.is_error
    assert ("may have been carried out" in said(result)) is (method == "POST")


async def test_a_service_that_is_not_there_is_an_error_that_says_so(service: RestService) -> None:
    tool = service.tool("t", "/x")
    gone = service.url
    moved = msgspec.json.encode(msgspec.json.decode(tool.request) | {"url": "http://127.0.0.1:1/x"})
    result = await called(msgspec.structs.replace(tool, request=moved), {})
    assert gone
    assert result.is_error
    assert "no connection to 127.0.0.1:1" in said(result)
    assert "may have been carried out" not in said(result)


async def test_loopback_is_closed_to_a_tool_whose_record_does_not_open_it(
    service: RestService,
) -> None:
    tool = service.tool("t", "/echo/x")
    request = msgspec.json.decode(tool.request)
    del request["loopback_allowed"]
    closed = msgspec.structs.replace(tool, request=msgspec.json.encode(request))
    result = await called(closed, {})
    assert result.is_error
    assert "SSRF_ALLOW_LOCALHOST" in said(result)
    assert service.asked == []


@pytest.mark.parametrize("era", ERAS)
async def test_a_client_that_gives_up_ends_the_request(service: RestService, era: str) -> None:
    """By leaving, or by a message."""
    tool = service.tool("t", "/slow")
    async with data_plane(tool) as plane, plane.client("/mcp", era) as client:
        call = asyncio.create_task(client.call_tool("t", {}))
        await asyncio.wait_for(service.begun.wait(), 20)
        call.cancel()
        await asyncio.wait([call])
        await asyncio.wait_for(service.left.wait(), 20)


async def test_calls_are_repeated_without_taking_a_shortcut_past_the_tool(
    service: RestService,
) -> None:
    tool = service.tool("t", "/echo/{id}", method="GET")
    async with data_plane(tool) as plane, plane.client("/mcp", "legacy") as client:
        for number in range(12):
            result = await client.call_tool("t", {"id": number})
            assert json.loads(said(result))["raw"] == f"/echo/{number}"


async def test_a_slow_operation_becomes_a_task_for_a_client_that_takes_one(
    service: RestService,
) -> None:
    """Kept by the gateway, as for an upstream that has none."""
    tool = service.tool("t", "/slow")
    async with data_plane(tool, MCPGATEWAY_TASK_AFTER="0.1") as plane:
        meta = {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {
                "extensions": {"io.modelcontextprotocol/tasks": {}}
            },
        }
        first = await modern(plane, "tools/call", {"name": "t", "arguments": {}, "_meta": meta})
        assert first["result"]["resultType"] == "task"
        service.go_on.set()
        asked = {"taskId": first["result"]["taskId"], "_meta": meta}
        found = await answered(plane, asked)
        assert found["result"]["structuredContent"] == {"slow": True}


async def answered(plane: DataPlane, asked: dict[str, Any]) -> Any:
    async with asyncio.timeout(20):
        while True:
            found = (await modern(plane, "tasks/get", asked))["result"]
            if found["status"] == "completed":
                return found


async def modern(plane: DataPlane, method: str, params: dict[str, Any]) -> Any:
    headers = {
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": method,
    }
    name = params.get("name", params.get("taskId"))
    if name:
        headers["mcp-name"] = name
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    async with plane.http() as http:
        return (await http.post("/mcp", json=body, headers=headers)).json()
