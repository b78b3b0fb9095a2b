"""Lists as scripts ask for them: filtered by JSONPath or jq, and through the paths of an admin
API."""

from typing import Any

import pytest

from support.control_plane import Plane, upstream_with


@pytest.fixture
async def filled(plane: Plane) -> Plane:
    await plane.register("a", upstream_with(["x", "y", "z"], ["p"], ["file:///r"]))
    ids = await plane.tool_ids()
    await plane.bundle("s", list(ids.values()))
    await plane.http.post("/a2a", json={"name": "agent", "endpoint_url": "http://a.example/"})
    return plane


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("$[*].name", ["a-x", "a-y", "a-z"]),
        ("map(.originalName) | length", 3),
        ('{"jsonpath": "$[0].originalName"}', "x"),
    ],
)
async def test_a_list_of_tools_can_be_filtered(filled: Plane, said: str, expected: Any) -> None:
    answer = await filled.http.get("/tools", params={"apijsonpath": said})
    assert answer.status_code == 200, answer.text
    assert answer.json() == expected


@pytest.mark.parametrize("said", ["$[", '{"jsonpath": "$", "mapping": {"a": "$"}}', '{"jsonpath"'])
async def test_a_filter_that_is_none_is_refused(filled: Plane, said: str) -> None:
    answer = await filled.http.get("/tools", params={"apijsonpath": said})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "apijsonpath"


async def test_a_filter_that_does_not_end_is_ended(filled: Plane) -> None:
    answer = await filled.http.get("/tools", params={"apijsonpath": "def f: f; f"})
    assert answer.status_code == 422
    assert "takes over 2 s" in answer.json()["message"]


NOUNS = [
    ("tools", "tool", 3),
    ("prompts", "prompt", 1),
    ("resources", "resource", 1),
    ("servers", "server", 1),
    ("gateways", "gateway", 1),
    ("a2a", "agent", 1),
]


@pytest.mark.parametrize(("noun", "word", "count"), NOUNS)
async def test_every_noun_is_read_through_the_admin_paths(
    filled: Plane, noun: str, word: str, count: int
) -> None:
    page = (await filled.http.get(f"/admin/{noun}?per_page=2")).json()
    ids = (await filled.http.get(f"/v1/admin/{noun}/ids")).json()
    one = await filled.http.get(f"/admin/{noun}/{ids[f'{word}_ids'][0]}")
    plain = await filled.http.get(f"/{noun}/{ids[f'{word}_ids'][0]}")
    named = plain.json().get("name")
    found = (await filled.http.get(f"/admin/{noun}/search", params={"q": named})).json()

    assert page["pagination"]["total_items"] == ids["count"] == count
    assert len(page["data"]) == min(2, count)
    assert one.json() == plain.json()
    assert found["count"] >= 1
    assert named in [each["name"] for each in found["agents" if noun == "a2a" else noun]]


async def test_pages_lead_from_one_to_the_next(filled: Plane) -> None:
    first = (await filled.http.get("/admin/tools?per_page=2&visibility=public")).json()
    last = (await filled.http.get(first["links"]["next"])).json()
    assert [each["name"] for each in first["data"] + last["data"]] == ["a-x", "a-y", "a-z"]
    assert last["links"]["next"] is None
    assert last["pagination"]["has_prev"] is True
    assert (await filled.http.get("/admin/tools?page=0")).status_code == 422
