"""Requests that somebody made to break something: a precise 4xx each, and the service goes on."""

import pytest

from support.control_plane import Plane

JSON = {"content-type": "application/json"}
ID = "0123456789abcdef0123456789abcdef"
DEEP = b'{"a":' * 31 + b"1" + b"}" * 31


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 400, "the body is no JSON"),
        (b"null", 400, "must be a JSON object, not null"),
        (b"5", 400, "must be a JSON object, not a number"),
        (b'"x"', 400, "must be a JSON object, not a string"),
        (b"[]", 400, "must be a JSON object, not an array"),
        (b'{"name": NaN}', 400, "the body is no JSON"),
        (b'{"name": "\xff"}', 400, "the body is no JSON"),
        (b'\xef\xbb\xbf{"name": "x"}', 400, "the body is no JSON"),
        (b'{"name": "\\ud800 x"}', 400, "the body is no JSON"),
        (b'{"name": "x", "timeout": 1e999}', 400, "out of range"),
        (b"[" * 100_000, 400, "nested too deeply"),
        (b'{"name": "a", "name": "b"}', 422, "name is given twice"),
        (b'{"server": {"name": "a", "icon": "", "icon": ""}}', 422, "icon is given twice"),
        (b'{"name": "a", "team_id": "x", "teamId": "y"}', 422, "team_id is given twice"),
        (b'{"name": "a\\u0000"}', 422, "name must not hold control characters"),
        (b'{"name": "a", "oauth_config": {"k": ["\\u0000"]}}', 422, "oauth_config must not hold"),
        (b'{"name": "a", "oauth_config": {"\\u0000": 1}}', 422, "oauth_config must not hold"),
        (b'{"name": "a", "oauth_config": ' + DEEP + b"}", 422, "nested more than 30 deep"),
        (b'{"name": "a", "tags": [{"id": {}}]}', 422, "tags[0] must be a string"),
        (b'{"server": []}', 422, "server must be an object"),
        (b'{"name": "' + b"x" * 1_100_000 + b'"}', 413, "1048576 is the limit"),
    ],
)
async def test_a_body_is_refused_with_its_reason(
    plane: Plane, body: bytes, status: int, says: str
) -> None:
    answer = await plane.http.post("/servers", content=body, headers=JSON)
    assert (answer.status_code, says in answer.json()["message"]) == (status, True), answer.text
    assert (await plane.http.get("/servers")).json() == []


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
        {"content-type": "application/json, text/plain"},
        {"content-type": "json"},
        {**JSON, "content-encoding": "gzip"},
    ],
)
async def test_what_says_that_it_is_no_json_is_415(plane: Plane, headers: dict[str, str]) -> None:
    answer = await plane.http.post("/servers", content=b'{"name": "x"}', headers=headers)
    assert answer.status_code == 415


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/x.y+json", ""])
async def test_what_says_that_it_is_json_or_nothing_is_read(plane: Plane, kind: str) -> None:
    headers = {"content-type": kind}
    answer = await plane.http.post("/servers", content=b'{"name": "x"}', headers=headers)
    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=-1", "limit"),
        ("limit=1e3", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("limit=%D9%A1", "limit"),  # a digit, of another script
        ("include_inactive=2", "include_inactive"),
        ("visibility=x", "visibility"),
        ("tags=%00", "tags"),
        ("team_id=%00", "team_id"),
        ("gateway_id=%00", "gateway_id"),
        ("cursor=x", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=%ff", "cursor"),
        ("cursor=W10", "cursor"),  # []
        ("cursor=WyJhIiwxXQ", "cursor"),  # ["a", 1]
        ("cursor=WyJcdTAwMDAiLCJiIl0", "cursor"),  # ["\u0000", "b"]
        ("cursor=" + "A" * 20_000, "cursor"),
    ],
)
async def test_a_parameter_of_a_list_is_refused_by_name(
    plane: Plane, query: str, field: str
) -> None:
    answer = await plane.http.get(f"/tools?{query}")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert answer.json()["detail"][0]["loc"] == ["query", field]


@pytest.mark.parametrize("timeout", ["nan", "inf", "-1", "1_0", "x", "31", "\u0661"])
async def test_how_long_to_wait_is_a_number_in_its_limits(plane: Plane, timeout: str) -> None:
    params = {"wait": "applied", "timeout": timeout}
    answer = await plane.http.post(f"/servers/{ID}/state", params=params)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "timeout"


@pytest.mark.parametrize(
    "id",
    ["0" * 33, "x" * 5000, "%00", "%ff", "a%2fb", "..%2f..", "%2e%2e", "%F0%9F%98%80", f"/{ID}"],
)
async def test_what_is_no_id_is_404(plane: Plane, id: str) -> None:
    answer = await plane.http.get(f"/tools/{id}")
    assert answer.status_code == 404
    assert len(answer.json()["message"]) < 400


@pytest.mark.parametrize("etag", ['"x"', '"1", "2"', '"' + "9" * 20 + '"', '""'])
async def test_what_is_no_etag_is_400(plane: Plane, etag: str) -> None:
    answer = await plane.http.delete(f"/tools/{ID}", headers={"if-match": etag})
    assert answer.status_code == 400
    assert "If-Match" in answer.json()["message"]
