"""Tools of APIs in the registry: their operation is shown, and is the gateway's to change."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.routing.rest_request import Pagination, RestRequest
from mcpgateway.control_plane.registry.discovered.ports import Found
from support.control_plane import Plane, upstream_with

URL = "https://api.example/v1"
REQUEST = RestRequest(
    url=f"{URL}/pets",
    method="GET",
    headers={"X-Client": "gateway"},
    query_mapping={"filter_name": "filter[name]"},
    query_style={"tags": "form,compact"},
    cookie_mapping={"theme": "theme"},
    pagination=Pagination(style="link", items="/data"),
    retries=1,
)


@pytest.fixture
async def tool(plane: Plane) -> dict[str, Any]:
    definition = b'{"description":"All pets","inputSchema":{"type":"object"}}'
    seen = upstream_with(transport="OPENAPI", document=b"one", url=URL)
    found = Found("list_pets", definition, REQUEST)
    plane.discoverer.at[URL] = msgspec.structs.replace(seen, tools=(found,))
    document = {"document_url": "https://api.example/openapi.json"}
    body = {"name": "shop", "transport": "OPENAPI", "url": URL, "openapi": document}
    answer = await plane.http.post("/gateways", json=body)
    assert answer.status_code == 200, answer.text
    [made] = (await plane.http.get("/tools")).json()
    return dict(made)


async def test_the_whole_operation_is_shown_and_routed(plane: Plane, tool: dict[str, Any]) -> None:
    assert (tool["url"], tool["requestType"], tool["integrationType"]) == (
        REQUEST.url,
        "GET",
        "REST",
    )
    assert tool["queryMapping"] == REQUEST.query_mapping
    assert tool["pagination"] == {"style": "link", "items": "/data", "maxPages": 10}
    [routed] = [each for each in (await plane.routing.delta(0)).upserts if isinstance(each, Tool)]
    sent = msgspec.json.decode(routed.request, type=RestRequest)
    assert msgspec.structs.replace(sent, loopback_allowed=False, private_allowed=True) == REQUEST
    assert routed.credential == ""


async def test_what_was_shown_can_be_sent_back_with_other_words(
    plane: Plane, tool: dict[str, Any]
) -> None:
    answer = await plane.http.put(f"/tools/{tool['id']}", json=tool | {"title": "Pets"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["title"] == "Pets"
    assert answer.json()["queryStyle"] == tool["queryStyle"]


@pytest.mark.parametrize(
    "change",
    [
        {"url": "https://evil.example/pets"},
        {"requestType": "DELETE"},
        {"queryMapping": {"filter_name": "other"}},
        {"headers": {"X-Client": "other"}},
        {"pagination": {"style": "page", "parameter": "p"}},
        {"retries": 5},
        {"body": "json"},
    ],
)
async def test_the_operation_is_changed_at_its_gateway_only(
    plane: Plane, tool: dict[str, Any], change: dict[str, Any]
) -> None:
    answer = await plane.http.put(f"/tools/{tool['id']}", json=tool | change)
    assert answer.status_code == 422, answer.text
    assert "belongs to gateway 'shop': change it there" in answer.text
