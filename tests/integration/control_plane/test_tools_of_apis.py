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
        {"body": "json"},
    ],
)
async def test_the_operation_is_changed_at_its_gateway_only(
    plane: Plane, tool: dict[str, Any], change: dict[str, Any]
) -> None:
    answer = await plane.http.put(f"/tools/{tool['id']}", json=tool | change)
    assert answer.status_code == 422, answer.text
    assert "belongs to gateway 'shop': change it there" in answer.text


PAGED = {"style": "page", "parameter": "p", "maxPages": 3}


async def _routed(plane: Plane) -> RestRequest:
    [tool] = [each for each in (await plane.routing.delta(0)).upserts if isinstance(each, Tool)]
    return msgspec.json.decode(tool.request, type=RestRequest)


async def _refreshed(plane: Plane, tool: dict[str, Any], request: RestRequest) -> None:
    seen = plane.discoverer.at[URL]
    changed = msgspec.structs.replace(seen.tools[0], request=request)
    plane.discoverer.at[URL] = msgspec.structs.replace(seen, tools=(changed,))
    answer = await plane.http.post(f"/gateways/{tool['gatewayId']}/tools/refresh")
    assert answer.status_code == 200, answer.text


async def test_pages_and_retries_are_put_over_the_request_and_outlive_a_refresh(
    plane: Plane, tool: dict[str, Any]
) -> None:
    change = {"pagination": PAGED, "retries": 5, "timeoutMs": 900, "jsonpathFilter": "$.data"}
    answer = await plane.http.put(f"/tools/{tool['id']}", json=tool | change)
    assert answer.status_code == 200, answer.text

    await _refreshed(plane, tool, msgspec.structs.replace(REQUEST, url=f"{URL}/animals"))

    shown = (await plane.http.get(f"/tools/{tool['id']}")).json()
    assert {name: shown[name] for name in change} == change
    assert shown["requestOverrides"] == {"pagination": PAGED, "retries": 5}
    assert shown["url"] == f"{URL}/animals"
    routed = await _routed(plane)
    assert (routed.url, routed.retries) == (f"{URL}/animals", 5)
    assert routed.pagination == Pagination(style="page", parameter="p", max_pages=3)
    same = await plane.http.put(f"/tools/{tool['id']}", json=shown)
    assert same.json()["requestOverrides"] == shown["requestOverrides"]


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"retries": 1}, {"pagination": PAGED}),
        ({"requestOverrides": {"retries": 0}}, {"retries": 0}),
        ({"requestOverrides": {}}, {}),
        ({"requestOverrides": {"retries": 3}, "retries": 4}, {"retries": 4}),
        ({"pagination": {}}, {"pagination": {}, "retries": 5}),
    ],
)
async def test_what_is_put_over_a_request_is_changed_and_taken_away(
    plane: Plane, tool: dict[str, Any], change: dict[str, Any], left: dict[str, Any]
) -> None:
    over = {"requestOverrides": {"pagination": PAGED, "retries": 5}}
    put = await plane.http.put(f"/tools/{tool['id']}", json=over)
    assert (put.json()["pagination"], put.json()["retries"]) == (PAGED, 5), put.text

    answer = await plane.http.put(f"/tools/{tool['id']}", json=change)

    assert answer.json()["requestOverrides"] == left, answer.text


async def test_pages_are_not_asked_for_where_a_refresh_made_it_no_get(
    plane: Plane, tool: dict[str, Any]
) -> None:
    await plane.http.put(f"/tools/{tool['id']}", json={"pagination": PAGED, "retries": 5})
    posted = msgspec.structs.replace(REQUEST, method="POST", pagination=None)
    await _refreshed(plane, tool, posted)

    routed = await _routed(plane)
    assert (routed.method, routed.pagination, routed.retries) == ("POST", None, 5)
    shown = (await plane.http.get(f"/tools/{tool['id']}")).json()
    back = await plane.http.put(f"/tools/{tool['id']}", json=shown)
    assert back.status_code == 200, back.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"retries": 6}, "retries"),
        ({"requestOverrides": {"retries": -1}}, "requestOverrides.retries"),
        ({"requestOverrides": {"url": "https://a.example"}}, "requestOverrides.url"),
        ({"pagination": {"style": "cursor"}}, "pagination.parameter"),
    ],
)
async def test_what_can_not_be_put_over_a_request_is_refused_by_its_field(
    plane: Plane, tool: dict[str, Any], change: dict[str, Any], field: str
) -> None:
    answer = await plane.http.put(f"/tools/{tool['id']}", json=change)
    assert answer.status_code == 422, answer.text
    assert field in {each["field"] for each in answer.json()["errors"]}


async def test_other_tools_have_no_request_to_put_something_over(plane: Plane) -> None:
    body = {"name": "own", "url": "https://a.example", "requestOverrides": {"retries": 1}}
    made = await plane.http.post("/tools", json=body)
    assert made.status_code == 422
    assert "request_overrides" in made.text
    fine = await plane.http.post("/tools", json=body | {"requestOverrides": {}})
    assert fine.status_code == 200, fine.text


async def test_what_is_put_over_a_request_is_exported_applied_and_rolled_back(
    plane: Plane, tool: dict[str, Any]
) -> None:
    await plane.http.put(f"/tools/{tool['id']}", json={"retries": 5})
    documents = (await plane.http.get("/documents?kinds=Tool")).json()["documents"]
    assert [each["spec"].get("requestOverrides") for each in documents] == [{"retries": 5}]
    again = await plane.http.post("/apply", json={"documents": documents})
    assert again.json()["summary"] == {"unchanged": 1}, again.text

    back = await plane.http.post(f"/tools/{tool['id']}/rollback", json={"version": 1})
    assert back.status_code == 200, back.text
    assert (await plane.http.get(f"/tools/{tool['id']}")).json()["retries"] == 1
    applied = await plane.http.post("/apply", json={"documents": documents})
    assert applied.json()["summary"] == {"update": 1}, applied.text
    assert (await _routed(plane)).retries == 5
    file = (await plane.http.get("/export?types=tools")).json()
    taken = await plane.http.post("/import", json={"import_data": file})
    assert taken.json()["summary"] == {"unchanged": 1}, taken.text
