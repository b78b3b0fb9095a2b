"""Gateways that are APIs, in the registry: shown, sent back, exported, brought back."""

from typing import Any

import msgspec

from mcpgateway.common.routing.model import Tool, Upstream
from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.control_plane.registry.discovered.ports import Discovered, Found
from support.control_plane import Plane, upstream_with

URL = "https://api.example/v1"
OPTIONS = {"document_url": "https://api.example/openapi.json", "tags": ["pets"]}
BODY: dict[str, Any] = {"name": "shop", "transport": "OPENAPI", "url": URL, "openapi": OPTIONS}


def shop(path: str = "/pets", document: bytes = b"one") -> Discovered:
    request = RestRequest(url=URL + path, method="GET")
    definition = b'{"description":"All pets","inputSchema":{"type":"object"}}'
    seen = upstream_with(transport="OPENAPI", document=document, url=URL)
    tools = (Found("list_pets", definition, request),)
    return msgspec.structs.replace(seen, tools=tools)


async def made(plane: Plane) -> dict[str, Any]:
    plane.discoverer.at[URL] = shop()
    answer = await plane.http.post("/gateways", json=BODY)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_an_api_is_shown_and_routed(plane: Plane) -> None:
    gateway = await made(plane)
    delta = await plane.routing.delta(0)

    assert (gateway["transport"], gateway["openapi"]) == ("OPENAPI", OPTIONS)
    assert plane.discoverer.seen[-1].options == OPTIONS
    [upstream] = [each for each in delta.upserts if isinstance(each, Upstream)]
    [tool] = [each for each in delta.upserts if isinstance(each, Tool)]
    assert (upstream.transport, upstream.url, upstream.descriptors) == ("OPENAPI", URL, b"")
    assert (tool.name, tool.upstream) == ("shop-list-pets", upstream.id)
    assert msgspec.json.decode(tool.request, type=RestRequest).url == f"{URL}/pets"


async def test_what_was_shown_can_be_sent_back_unchanged(plane: Plane) -> None:
    gateway = await made(plane)
    looked = len(plane.discoverer.seen)
    answer = await plane.http.put(f"/gateways/{gateway['id']}", json=gateway)
    assert answer.status_code == 200, answer.text
    assert answer.json()["openapi"] == OPTIONS
    assert len(plane.discoverer.seen) <= looked + 1


async def test_another_choice_is_looked_at_with_the_document_that_there_is(plane: Plane) -> None:
    gateway = await made(plane)
    change = {"openapi": {"operations": ["list*"]}}
    answer = await plane.http.put(f"/gateways/{gateway['id']}", json=change)
    assert answer.status_code == 200, answer.text
    target = plane.discoverer.seen[-1]
    assert (target.options, target.document) == ({"operations": ["list*"]}, b"one")
    assert (target.url, target.transport, target.id) == (URL, "OPENAPI", gateway["id"])


async def test_a_document_of_before_comes_back_with_its_version(plane: Plane) -> None:
    gateway = await made(plane)
    before = await plane.pool.fetchval("SELECT document FROM upstreams")
    plane.discoverer.at[URL] = shop("/animals", b"two")
    change = {"openapi": {"document": "openapi: 3.0.0"}}
    await plane.http.put(f"/gateways/{gateway['id']}", json=change)
    assert await plane.pool.fetchval("SELECT document FROM upstreams") != before

    back = await plane.http.post(f"/gateways/{gateway['id']}/rollback", json={"version": 1})

    assert back.status_code == 200, back.text
    shown = (await plane.http.get(f"/gateways/{gateway['id']}")).json()
    assert shown["openapi"] == OPTIONS
    assert await plane.pool.fetchval("SELECT document FROM upstreams") == before
    await plane.http.post(f"/gateways/{gateway['id']}/tools/refresh")
    assert plane.discoverer.seen[-1].document == b"one"


async def test_an_export_says_where_the_document_is(plane: Plane) -> None:
    await made(plane)
    exported = (await plane.http.get("/documents?kinds=Gateway")).json()
    documents = exported if isinstance(exported, list) else exported["documents"]
    [gateway] = [each for each in documents if each["kind"] == "Gateway"]
    assert gateway["spec"]["openapi"] == OPTIONS
    applied = await plane.http.post("/apply", json={"documents": documents})
    assert applied.status_code == 200, applied.text
    assert '"unchanged"' in applied.text


async def test_a_tool_of_an_api_is_shown_as_its_request_which_is_the_apis(plane: Plane) -> None:
    await made(plane)
    [id] = (await plane.tool_ids()).values()
    tool = (await plane.http.get(f"/tools/{id}")).json()
    assert (tool["integrationType"], tool["requestType"], tool["url"]) == (
        "REST",
        "GET",
        f"{URL}/pets",
    )
    same = await plane.http.put(f"/tools/{id}", json=tool | {"description": "Ours"})
    assert same.status_code == 200, same.text
    moved = await plane.http.put(f"/tools/{id}", json={"url": "https://evil.example/"})
    assert moved.status_code == 422
    assert moved.json()["errors"][0]["field"] == "url"
