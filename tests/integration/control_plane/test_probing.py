"""Connection tests over the API: their shapes, whose credentials they use, and who may."""

from typing import Any

import pytest
from msgspec.structs import replace

from mcpgateway.control_plane.registry.discovered.ports import Reached
from mcpgateway.control_plane.registry.people.model import User
from support.control_plane import ACTOR, Plane, bearer, client, upstream_with

URL = "http://hub.example/mcp"


async def shaken(plane: Plane, **body: Any) -> dict[str, Any]:
    answer = await plane.http.post("/v1/mcp-servers/test-handshake", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def tried(plane: Plane, **body: Any) -> dict[str, Any]:
    answer = await plane.http.post("/v1/mcp-servers/test", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_handshake_tells_what_stands_there_and_registers_nothing(plane: Plane) -> None:
    seen = upstream_with(["x", "y"], ["p"], ["file:///r"], ["file:///{id}"])
    plane.discoverer.at[URL] = replace(seen, server_name="hub", problems=("one was left out",))
    before = await plane.revision()

    told = await shaken(plane, base_url="http://hub.example/", path="/mcp")

    assert told["success"] is True
    assert told["negotiationPath"] == "server_discover"
    assert (told["protocolVersion"], told["serverName"]) == ("2026-07-28", "hub")
    assert told["componentCounts"] == {
        "tools": 2,
        "prompts": 1,
        "resources": 1,
        "resourceTemplates": 1,
    }
    assert told["countsPartial"] is True
    assert told["capabilities"] == {"tools": {}}
    assert (told["failureClass"], told["error"]) == (None, None)
    assert await plane.revision() == before


async def test_a_handshake_that_fails_says_why(plane: Plane) -> None:
    told = await shaken(plane, baseUrl=URL)

    assert (told["success"], told["failureClass"]) == (False, "transport")
    assert "connection refused" in told["error"]
    assert told["componentCounts"] is None


async def test_credentials_are_those_given_or_those_of_the_registered_gateway(plane: Plane) -> None:
    await plane.register("hub", upstream_with(["x"]), auth_type="bearer", auth_token="kept")

    stored = await shaken(plane, base_url=URL)
    form = await shaken(plane, base_url=URL, headers={"Authorization": "Bearer given"})
    plane.discoverer.at["http://other.example/"] = upstream_with()
    none = await shaken(plane, base_url="http://other.example/")

    sources = [told["credentialSource"] for told in (stored, form, none)]
    assert sources == ["stored", "form", "none"]
    lines = [target.headers for target in plane.discoverer.seen[-3:]]
    assert lines == [
        (("Authorization", "Bearer kept"),),
        (("Authorization", "Bearer given"),),
        (),
    ]


async def test_a_request_answers_with_status_and_body(plane: Plane) -> None:
    plane.reacher.at["http://hub.example/health"] = Reached(200, "application/json", b'{"ok":1}')
    plane.reacher.at["http://hub.example/text"] = Reached(404, "text/plain", b"no\xff")

    healthy = await tried(plane, method="GET", base_url="http://hub.example", path="health")
    missing = await tried(plane, method="GET", base_url="http://hub.example/", path="/text")
    body = {"a": 1}
    away = await tried(plane, method="POST", base_url="http://away.example", path="/", body=body)

    assert (healthy["statusCode"], healthy["body"]) == (200, {"ok": 1})
    assert (missing["statusCode"], missing["body"]) == (404, "no\ufffd")
    assert away["statusCode"] == 502
    assert away["body"]["error"] == "upstream_unreachable"
    assert plane.reacher.seen[-1].body == b'{"a":1}'
    assert plane.reacher.seen[-1].headers == (("content-type", "application/json"),)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("test", {"method": "TRACE", "base_url": URL, "path": "/"}, "method"),
        ("test", {"base_url": URL, "path": "/"}, "method"),
        ("test", {"method": "GET", "base_url": "ftp://x", "path": "/"}, "base_url"),
        ("test", {"method": "GET", "base_url": URL}, "path"),
        ("test", {"method": "GET", "base_url": URL, "path": "/a b"}, "path"),
        (
            "test",
            {"method": "GET", "base_url": URL, "path": "/", "headers": {"Host": "x"}},
            "headers.Host",
        ),
        ("test", {"method": "GET", "base_url": URL, "path": "/", "body": [1]}, "body"),
        ("test", {"method": "GET", "base_url": URL, "path": "/", "body": "x" * 70_000}, "body"),
        ("test-handshake", {"base_url": "http://user:pw@x/"}, "base_url"),
        ("test-handshake", {"base_url": URL, "headers": {"a": "b\r\nc"}}, "headers.a"),
    ],
)
async def test_a_test_that_can_not_be_is_refused_by_field(
    plane: Plane, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await plane.http.post(f"/mcp-servers/{path}", json=body)

    assert answer.status_code == 422
    assert field in [each["field"] for each in answer.json()["errors"]]
    assert not plane.reacher.seen
    assert not plane.discoverer.seen


@pytest.mark.parametrize(
    "path", ["/mcp-servers/test", "/mcp-servers/test-handshake", "/admin/gateways/test"]
)
async def test_only_administrators_may_test(plane: Plane, path: str) -> None:
    at = plane.clock.now
    async with plane.ports.store.write(ACTOR.who) as tx:
        bob = User(email="bob@example.com", password_hash="", created_at=at, updated_at=at)
        await tx.users.save([bob])

    async with client(plane.app, bearer(plane.clock, "bob@example.com")) as http:
        body = {"method": "GET", "base_url": URL, "path": "/"}
        answer = await http.post(path, json=body)

    assert answer.status_code == 403
    assert not plane.reacher.seen
    assert not plane.discoverer.seen
