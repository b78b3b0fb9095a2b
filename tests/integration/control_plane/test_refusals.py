"""Bad input: a precise answer in the one error body, and nothing half-written."""

from typing import Any

import pytest

from support.control_plane import Plane, upstream_with

URL = "http://a.example/mcp"
KEYS = {"type", "title", "status", "code", "detail", "message", "errors"}
UNKNOWN = "0123456789abcdef0123456789abcdef"


async def test_an_unreachable_upstream_is_502_and_leaves_nothing(plane: Plane) -> None:
    before = await plane.revision()
    answer = await plane.http.post("/gateways", json={"name": "a", "url": URL})

    assert answer.status_code == 502
    assert answer.json().keys() == KEYS
    assert answer.json()["message"] == answer.json()["detail"]
    assert answer.json()["message"] == f"connecting to {URL}: connection refused"
    assert answer.json()["code"] == "upstream_unreachable"
    assert (await plane.http.get("/gateways?include_inactive=true")).json() == []
    assert await plane.revision() == before


@pytest.mark.parametrize(
    ("name", "url", "says"),
    [
        ("fast_time", "http://other/", "same name 'fast_time'"),
        ("Fast Time", "http://other/", "same slug 'fast-time'"),
        ("another", "http://fast_time.example/mcp", "is registered already"),
    ],
)
async def test_a_duplicate_is_409_before_anything_is_called(
    plane: Plane, name: str, url: str, says: str
) -> None:
    await plane.register("fast_time", upstream_with(["x"]))
    looked = len(plane.discoverer.seen)

    answer = await plane.http.post("/gateways", json={"name": name, "url": url})

    assert answer.status_code == 409
    assert says in answer.json()["message"]
    assert len(plane.discoverer.seen) == looked


async def test_all_problems_are_told_at_once_with_the_callers_spelling(plane: Plane) -> None:
    body: dict[str, Any] = {
        "name": "",
        "url": "ftp://x",
        "authType": "bearer",
        "refreshIntervalSeconds": "soon",
        "visibility": "team",
    }
    answer = await plane.http.post("/gateways", json=body)

    assert answer.status_code == 422
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"name", "url", "auth_token", "refreshIntervalSeconds", "team_id"}
    assert ["body", "refreshIntervalSeconds"] in [each["loc"] for each in answer.json()["detail"]]
    assert all({"loc", "msg", "type"} == each.keys() for each in answer.json()["detail"])


@pytest.mark.parametrize("field", ["associated_tools", "associatedTools"])
async def test_an_unknown_tool_id_is_named_with_its_field(plane: Plane, field: str) -> None:
    before = await plane.revision()
    answer = await plane.http.post("/servers", json={"server": {"name": "s", field: [UNKNOWN]}})

    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error["field"] == field
    assert UNKNOWN in error["problem"]
    assert (await plane.http.get("/servers")).json() == []
    assert await plane.revision() == before


async def test_a_server_name_is_taken_once(plane: Plane) -> None:
    await plane.bundle("s", [])
    answer = await plane.http.post("/servers", json={"server": {"name": "s"}})
    assert answer.status_code == 409
    assert answer.json()["message"] == "another server has this name"


async def test_malformed_json_is_400_with_the_position(plane: Plane) -> None:
    answer = await plane.http.post("/gateways", content=b'{"name": "a", }')
    assert answer.status_code == 400
    assert "byte 14" in answer.json()["message"]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"[" * 100_000, b'{"name":"\xff"}'])
async def test_a_body_that_is_no_object_is_400(plane: Plane, body: bytes) -> None:
    answer = await plane.http.post("/servers", content=body)
    assert answer.status_code == 400, answer.text


async def test_an_oversized_body_is_413(plane: Plane) -> None:
    answer = await plane.http.post("/servers", content=b" " * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert "1048576" in answer.json()["message"]


async def test_unknown_paths_and_methods_are_answered_in_json(plane: Plane) -> None:
    missing = await plane.http.get("/nothing")
    wrong = await plane.http.delete("/v1/gateways")

    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert missing.json().keys() == wrong.json().keys() == KEYS
    assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("noun", ["gateways", "servers", "tools", "prompts", "resources", "a2a"])
async def test_a_switch_takes_if_match_too(plane: Plane, noun: str) -> None:
    await plane.register("a", upstream_with(["x"], ["p"], ["file:///r"]))
    await plane.bundle("s", [])
    await plane.http.post("/a2a", json={"name": "b", "endpoint_url": "http://b.example/"})
    [thing] = (await plane.http.get(f"/{noun}")).json()
    path = f"/{noun}/{thing['id']}/state?activate="

    off = await plane.http.post(path + "false", headers={"If-Match": '"1"'})
    late = await plane.http.post(path + "true", headers={"If-Match": '"1"'})

    assert (off.status_code, off.headers["etag"], late.status_code) == (200, '"2"', 412)
    assert (await plane.http.post(path + "true")).headers["etag"] == '"3"'


@pytest.mark.parametrize("path", ["gateways", "servers", "tools", "prompts", "resources"])
async def test_an_unknown_id_is_404(plane: Plane, path: str) -> None:
    for id in (UNKNOWN, "no-id-at-all", "%00"):
        answer = await plane.http.get(f"/{path}/{id}")
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"


async def test_an_older_version_in_if_match_is_412_and_the_newest_passes(plane: Plane) -> None:
    made = await plane.bundle("s", [])
    path = f"/servers/{made['id']}"
    seen = (await plane.http.get(path)).headers["etag"]

    first = await plane.http.put(path, json={"name": "t"}, headers={"If-Match": seen})
    second = await plane.http.put(path, json={"name": "u"}, headers={"If-Match": seen})
    assert (first.status_code, second.status_code) == (200, 412)
    for bad in ("yesterday", "9" * 5000):
        answer = await plane.http.put(path, json={"name": "u"}, headers={"If-Match": bad})
        assert answer.status_code == 400
    assert first.headers["etag"] == '"2"'
    assert (await plane.http.get(path)).json()["name"] == "t"


@pytest.mark.parametrize(
    "query",
    [
        "limit=501",
        "limit=-1",
        "limit=x",
        f"limit={'9' * 5000}",
        "cursor=zzz",
        "visibility=all",
        "include_inactive=maybe",
    ],
)
async def test_a_bad_query_names_the_parameter(plane: Plane, query: str) -> None:
    answer = await plane.http.get(f"/tools?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", query.partition("=")[0]]


async def test_a_bad_wait_is_refused_before_anything_is_written(plane: Plane) -> None:
    for query in ("wait=aplied", "wait=applied&timeout=31", "wait=applied&timeout=nan"):
        answer = await plane.http.post(f"/servers?{query}", json={"name": "s"})
        assert answer.status_code == 422
    assert (await plane.http.get("/servers")).json() == []


async def test_problem_json_is_given_to_who_asks_for_it(plane: Plane) -> None:
    headers = {"Accept": "application/problem+json"}
    answer = await plane.http.get("/nothing", headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_failed_put_leaves_the_gateway_as_it_was(plane: Plane) -> None:
    made = await plane.register("a", upstream_with(["x"]))
    before = await plane.revision()

    answer = await plane.http.put(f"/gateways/{made['id']}", json={"url": "http://gone.example/"})

    assert answer.status_code == 502
    assert await plane.revision() == before
    assert (await plane.http.get(f"/gateways/{made['id']}")).json()["url"] == URL


@pytest.mark.parametrize("query", ["tags=%00", "team_id=%00", "gateway_id=a%00"])
async def test_a_nul_in_a_question_is_the_callers_fault(plane: Plane, query: str) -> None:
    answer = await plane.http.get(f"/tools?{query}")
    assert answer.status_code == 422
    assert "control characters" in answer.json()["message"]
