"""Tools of a whole API: called as its upstream says, over services that listen."""

import base64
import email
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mcpgateway.common.routing.model import Credential, Record, Tool
from mcpgateway.common.routing.rest_request import Pagination
from support.data_plane import data_plane
from support.endpoint import wire_sealed
from support.rest_service import RestService, rest_service
from support.tls import Authority, tls_before

ERAS = ("legacy", "2026-07-28")


@pytest.fixture
async def service() -> AsyncIterator[RestService]:
    async with rest_service() as made:
        yield made


async def called(
    tool: Tool, arguments: dict[str, Any], *records: Record, era: str = "2026-07-28"
) -> Any:
    async with data_plane(tool, *records) as plane, plane.client("/mcp", era) as client:
        return await client.call_tool(tool.name, arguments)


def said(result: Any) -> str:
    return str(result.content[0].text)


@pytest.mark.parametrize("era", ERAS)
async def test_a_tool_of_an_api_goes_out_with_its_upstreams_credentials(
    service: RestService, era: str
) -> None:
    sealed = wire_sealed("credential", "u", b'[["x-api-key","secret"],["?key","in the query"]]')
    api = service.api(credential="u")
    tool = service.tool("t", "/echo/{id}", upstream="u", method="GET")
    result = await called(tool, {"id": 7, "q": "x"}, api, Credential("u", sealed), era=era)
    assert not result.is_error
    asked = service.asked[0]
    assert asked["target"] == "/echo/7?q=x&key=in+the+query"
    assert asked["headers"]["x-api-key"] == "secret"
    assert not any(name.startswith("mcp-") for name in asked["headers"])


async def test_a_refusal_shows_nothing_of_the_credentials(service: RestService) -> None:
    sealed = wire_sealed("credential", "u", b'[["?key","hush"]]')
    tool = service.tool("t", "/status/404", upstream="u", method="GET")
    result = await called(tool, {}, service.api(credential="u"), Credential("u", sealed))
    assert result.is_error
    assert "hush" not in said(result)


async def test_a_clients_headers_pass_by_its_upstreams_list(service: RestService) -> None:
    tool = service.tool("t", "/echo/x", upstream="u", passthrough_headers=("x-other",))
    api = service.api(passthrough_headers=("x-tenant",))
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "t"}}
    async with data_plane(tool, api) as plane, plane.http() as http:
        headers = {"x-tenant": "ours", "x-other": "no", "x-upstream-authorization": "Bearer mine"}
        await http.post("/rpc", json=body, headers=headers)
    asked = service.asked[0]["headers"]
    assert asked["x-tenant"] == "ours"
    assert "x-other" not in asked
    assert asked["authorization"] == "Bearer mine"


async def test_an_api_is_trusted_by_the_certificates_of_its_upstream(
    service: RestService, tmp_path: Path
) -> None:
    authority = Authority()
    gateway = authority.issue("the gateway")
    key = Credential("u:key", wire_sealed("credential", "u:key", gateway.key.encode()))
    async with tls_before(service.url, authority.server(tmp_path, clients=authority.pem)) as url:
        tool = service.tool("t", "/echo/x", upstream="u", method="GET", url=url)
        trusted = {"url": url, "ca_certificate": authority.pem}
        shown = {"client_cert": gateway.cert, "client_key": "u:key"}
        result = await called(tool, {}, service.api(**trusted, **shown), key)
        assert not result.is_error
        strange = await called(tool, {}, service.api(url=url))
        assert strange.is_error
        assert len(service.asked) == 1


async def test_an_api_that_is_late_is_an_error_of_the_tool_by_its_upstreams_time(
    service: RestService,
) -> None:
    tool = service.tool("t", "/slow", upstream="u", method="GET")
    result = await called(tool, {}, service.api(timeout_ms=200))
    assert result.is_error
    assert "0.2 s" in said(result)


async def test_loopback_is_closed_to_an_api_whose_upstream_does_not_open_it(
    service: RestService,
) -> None:
    """Whatever the tool's own record says."""
    tool = service.tool("t", "/echo/x", upstream="u")
    result = await called(tool, {}, service.api(loopback_allowed=False))
    assert result.is_error
    assert service.asked == []


async def test_a_tool_is_never_called_at_another_origin_than_its_api(service: RestService) -> None:
    tool = service.tool("t", "/echo/x", upstream="u", url="http://127.0.0.1:1")
    async with data_plane(tool, service.api()) as plane, plane.http() as http:
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "t"}}
        answer = (await http.post("/rpc", json=body)).json()
    assert "not the origin of its upstream" in answer["error"]["message"]


async def test_every_kind_of_body_arrives_as_it_was_meant(service: RestService) -> None:
    blob = base64.b64encode(b"\x00\xff").decode()
    tools = [
        service.tool("json", "/echo/x", body="json", body_argument="data"),
        service.tool("form", "/echo/x", body="form", query_style={"o": "deepObject"}),
        service.tool("text", "/echo/x", body_argument="t", headers={"Content-Type": "text/csv"}),
        service.tool("binary", "/echo/x", method="PUT", body="binary", body_argument="b"),
        service.tool("delete", "/echo/x", method="DELETE", body="json"),
        service.tool("none", "/echo/x", body="none"),
        service.tool("multipart", "/echo/x", body="multipart", files={"f": "image/png"}),
    ]
    calls: dict[str, dict[str, Any]] = {
        "json": {"data": [1, {"a": 2}], "dry": True},
        "form": {"a": "b c", "o": {"k": 1}},
        "text": {"t": "a;b"},
        "binary": {"b": blob},
        "delete": {"grace": 5},
        "none": {"q": 1},
        "multipart": {"title": "T", "f": {"blob": blob, "name": "a.png"}},
    }
    got = {}
    async with data_plane(*tools) as plane, plane.client("/mcp", "2026-07-28") as client:
        for name, arguments in calls.items():
            result = await client.call_tool(name, arguments)
            got[name] = result.structured_content
            assert not result.is_error, said(result)
    assert (got["json"]["body"], got["json"]["target"]) == ('[1,{"a":2}]', "/echo/x?dry=true")
    assert got["form"]["body"] == "a=b%20c&o%5Bk%5D=1"
    assert got["text"]["headers"]["content-type"] == "text/csv"
    assert (got["binary"]["base64"], got["binary"]["method"]) == (blob, "PUT")
    assert json.loads(got["delete"]["body"]) == {"grace": 5}
    assert (got["none"]["body"], got["none"]["target"]) == ("", "/echo/x?q=1")
    assert parts(got["multipart"]) == [("title", b"T"), ("f", b"\x00\xff")]


def parts(echoed: Any) -> list[tuple[Any, Any]]:
    head = f"Content-Type: {echoed['headers']['content-type']}\r\n\r\n".encode()
    whole = email.message_from_bytes(head + base64.b64decode(echoed["base64"]))
    return [
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True))
        for part in whole.walk()
        if not part.is_multipart()
    ]


@pytest.mark.parametrize("era", ERAS)
async def test_a_service_that_is_busy_for_a_moment_is_asked_again(
    service: RestService, era: str
) -> None:
    service.failing = 2
    result = await called(service.tool("t", "/flaky", method="GET"), {}, era=era)
    assert result.structured_content == {"served": True}
    assert len(service.asked) == 3


async def test_what_may_have_been_done_is_not_sent_again(service: RestService) -> None:
    service.failing = 1
    result = await called(service.tool("t", "/flaky", method="POST"), {})
    assert result.is_error
    assert len(service.asked) == 1


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    "how",
    [
        Pagination(style="link", items="/items"),
        Pagination(style="cursor", items="/items", next="/next", parameter="after"),
    ],
)
async def test_a_list_of_several_pages_is_one_result(
    service: RestService, era: str, how: Pagination
) -> None:
    sealed = wire_sealed("credential", "u", b'[["x-api-key","secret"],["?key","k"]]')
    tool = service.tool("t", "/pages?v=1", upstream="u", method="GET", pagination=how)
    api = service.api(credential="u")
    result = await called(tool, {}, api, Credential("u", sealed), era=era)
    assert result.structured_content == {"items": [0, 1, 2, 3, 4], "next": None}
    assert len(service.asked) == 3
    assert all(each["headers"]["x-api-key"] == "secret" for each in service.asked)
    assert all("key=k" in each["query"] for each in service.asked)


@pytest.mark.parametrize("era", ERAS)
async def test_a_page_of_html_where_the_tool_promises_json_is_an_error_in_words(
    service: RestService, era: str
) -> None:
    definition = {"outputSchema": {"type": "object"}}
    tool = service.tool("t", "/typed/html", method="GET", definition=definition)
    result = await called(tool, {}, era=era)
    assert result.is_error
    assert said(result).endswith("which the tool promises. It says: Sign in Please")
