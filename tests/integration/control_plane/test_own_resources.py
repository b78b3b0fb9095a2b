"""Resources of our own: texts, blobs and templates, with a type and a size."""

import asyncio
from typing import Any

import pytest

from mcpgateway.common.routing.model import Resource
from support.control_plane import Plane, upstream_with

NOTE: dict[str, Any] = {
    "uri": "memo://notes/today.md",
    "name": "today",
    "description": "A note; <b> & more",
    "content": "# Today\n",
    "tags": ["notes"],
}


async def made(plane: Plane, **changes: Any) -> dict[str, Any]:
    answer = await plane.http.post("/resources", json={"resource": NOTE | changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_text_is_made_shown_and_routed(plane: Plane) -> None:
    note = await made(plane, ttl_ms=60_000)
    delta = await plane.routing.delta(0)
    [route] = [each for each in delta.upserts if isinstance(each, Resource)]

    assert (note["mimeType"], note["size"], note["content"]) == ("text/markdown", 8, "# Today\n")
    assert (note["gatewayId"], note["uriTemplate"]) == (None, None)
    assert (route.uri, route.ttl_ms, route.content) == (
        NOTE["uri"],
        60_000,
        b'{"text":"# Today\\n"}',
    )


async def test_a_blob_has_the_size_of_what_it_stands_for(plane: Plane) -> None:
    blob = await made(plane, content=None, blob="iVBORw0KGgo=", uri="memo://picture")
    assert (blob["mimeType"], blob["size"], blob["content"]) == ("image/png", 8, None)


async def test_a_template_is_listed_with_templates(plane: Plane) -> None:
    await made(plane)
    made_by_field = await made(
        plane, uri=None, uri_template="memo://day/{date}", content="{{ date }}"
    )
    made_by_uri = await made(plane, uri="memo://week/{week}")
    listed = (await plane.http.get("/resources/templates/list")).json()
    assert {each["id"] for each in listed} == {made_by_field["id"], made_by_uri["id"]}
    assert made_by_field["uriTemplate"] == "memo://day/{date}"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"uri": "no scheme"}, "uri"),
        ({"uri": None}, "uri"),
        ({"uri": "memo://{open"}, "uri"),
        ({"uri_template": "memo://plain"}, "uri_template"),
        ({"name": None}, "name"),
        ({"content": None}, "content"),
        ({"content": 5}, "content"),
        ({"content": "x" * 102_401}, "content"),
        ({"content": None, "blob": "***"}, "blob"),
        ({"blob": "aGk="}, "blob"),
        ({"ttl_ms": -1}, "ttl_ms"),
    ],
)
async def test_a_refusal_names_the_field(plane: Plane, change: dict[str, Any], field: str) -> None:
    answer = await plane.http.post("/resources", json=NOTE | change)
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_a_uri_is_given_once_among_our_own(plane: Plane) -> None:
    await made(plane)
    again = await plane.http.post("/resources", json=NOTE)
    assert again.status_code == 409
    assert "uri" in again.json()["message"]


async def test_what_was_shown_can_be_sent_back(plane: Plane) -> None:
    await plane.register("a", upstream_with(resources=["file:///r"], templates=["file:///{x}"]))
    await made(plane)
    for resource in (await plane.http.get("/resources")).json():
        answer = await plane.http.put(f"/resources/{resource['id']}", json=resource)
        assert answer.status_code == 200, answer.text
        assert answer.json()["overrides"] == {}


async def test_an_upstreams_resource_is_reworded_but_keeps_its_address(plane: Plane) -> None:
    await plane.register("a", upstream_with(resources=["file:///r"]))
    [theirs] = (await plane.http.get("/resources")).json()
    path = f"/resources/{theirs['id']}"
    reworded = await plane.http.put(path, json={"name": "mine", "mimeType": "text/plain"})
    moved = await plane.http.put(path, json={"uri": "file:///other"})
    filled = await plane.http.put(path, json={"content": "x"})
    assert (reworded.json()["name"], reworded.json()["mimeType"]) == ("mine", "text/plain")
    assert [moved.status_code, filled.status_code] == [422, 422]


async def test_changes_are_told_as_they_come_to_who_may_see_them(plane: Plane) -> None:
    told: list[str] = []
    listening, enough = asyncio.Event(), asyncio.Event()

    async def send(message: Any) -> None:
        text = message.get("body", b"").decode()
        if "listening" in text:
            listening.set()
        told.extend(line for line in text.splitlines() if line.startswith("data:"))
        if len(told) == 3:
            enough.set()

    gone = asyncio.Event()
    asked = False

    async def receive() -> Any:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/resources/subscribe",
        "raw_path": b"/resources/subscribe",
        "query_string": b"",
        "headers": [(b"authorization", plane.http.headers["authorization"].encode())],
        "client": ("127.0.0.1", 1),
        "scheme": "http",
        "server": ("test", 80),
    }
    stream = asyncio.create_task(plane.app(scope, receive, send))
    async with asyncio.timeout(20):
        await listening.wait()
        note = await made(plane)
        await plane.http.put(f"/resources/{note['id']}", json={"title": "T"})
        await plane.http.delete(f"/resources/{note['id']}")
        await enough.wait()
        gone.set()
        await stream
    words = ["resource_added", "resource_updated", "resource_deleted"]
    assert [word for line in told for word in words if word in line] == words
    assert all(NOTE["uri"] in line for line in told)
