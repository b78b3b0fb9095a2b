"""Searches: what is found, in which order, by whom; what is searched stays what is registered."""

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from mcpgateway.common.ids import make_id
from mcpgateway.control_plane.registry.model import Agent, Root, Tool, Viewer
from mcpgateway.control_plane.registry.search import NOUNS, Hit, Wanted
from support.control_plane import ACTOR, Plane, found, upstream_with

ANYBODY = Viewer("bob@example.com")


async def find(plane: Plane, text: str, viewer: Viewer = ACTOR.viewer, **more: Any) -> list[Hit]:
    hits = await plane.ports.store.read.search(Wanted(viewer=viewer, text=text, **more))
    return [hit for noun in hits.values() for hit in noun]


async def tools(plane: Plane, text: str, **more: Any) -> list[str]:
    return [hit.own for hit in await find(plane, text, nouns=("tools",), **more)]


def described(**tools: str) -> Any:
    listed = tuple(
        found(name, description=text, inputSchema={"type": "object"})
        for name, text in tools.items()
    )
    return replace(upstream_with(), tools=listed)


async def test_the_better_a_name_matches_the_earlier_it_comes(plane: Plane) -> None:
    seen = described(
        issue="says nothing",
        issue_list="says nothing",
        close_issues="says nothing",
        notes="writes an issue down",
        isssue="says nothing",
        weather="says nothing",
    )
    await plane.register("hub", seen)

    assert await tools(plane, "issue") == ["issue", "issue_list", "close_issues", "notes", "isssue"]


async def test_the_offered_name_and_the_upstreams_own_are_as_good(plane: Plane) -> None:
    await plane.register("hub", described(get_time="the time", get_times="many times"))

    assert await tools(plane, "get_time", limit=1) == ["get_time"]
    assert await tools(plane, "HUB-get-time", limit=1) == ["get_time"]


async def test_a_word_finds_other_forms_of_it_and_a_slip_of_the_pen_finds_the_name(
    plane: Plane,
) -> None:
    seen = described(calendar="Generates meetings", weather="Forecasts by the hour")
    await plane.register("hub", seen)

    assert await tools(plane, "generating a meeting") == ["calendar"]
    assert await tools(plane, "calender") == ["calendar"]
    assert await tools(plane, "meeting", names_only=True) == []


async def test_every_noun_is_found(plane: Plane) -> None:
    seen = upstream_with(["zebra_tool"], ["zebra_prompt"], ["file:///zebra"])
    gateway = await plane.register("zebra", seen)
    await plane.bundle("Zebra server", [])
    at = datetime(2026, 11, 22, tzinfo=UTC)
    stamps: dict[str, Any] = {"created_at": at, "updated_at": at, "created": ACTOR.who}
    async with plane.ports.store.write(ACTOR.who) as tx:
        id = make_id(bytes(16))
        await tx.roots.save([Root(id=id, uri="file:///zebra", name="the zebra's", **stamps)])
        agent = Agent(id=id, name="Zebra", slug="z", endpoint_url="http://z/", **stamps)
        await tx.agents.save([agent])

    hits = await find(plane, "zebra")
    answer = (await plane.http.get("/v1/search?q=zebra")).json()

    assert {hit.noun for hit in hits} == set(NOUNS)
    assert answer["count"] == len(hits) == len(answer["items"])
    assert [item["id"] for item in answer["results"]["gateways"]] == [gateway["id"]]
    assert {group["entity_type"]: group["count"] for group in answer["groups"]} == {
        noun: 1 for noun in NOUNS
    }


async def test_what_somebody_may_not_see_is_not_found(plane: Plane) -> None:
    await plane.register("hub", described(secret="s"), visibility="private")
    await plane.register("pub", described(secretary="s"))

    assert await tools(plane, "secret") == ["secret", "secretary"]
    assert await tools(plane, "secret", viewer=ANYBODY) == ["secretary"]
    assert await tools(plane, "secret", viewer=Viewer("admin@example.com")) == [
        "secret",
        "secretary",
    ]


async def test_what_is_switched_off_is_found_on_demand_only(plane: Plane) -> None:
    gateway = await plane.register("hub", described(lamp="light"))
    await plane.http.post(f"/gateways/{gateway['id']}/state?activate=false")

    assert await find(plane, "lamp") == []
    assert await tools(plane, "lamp", include_inactive=True) == ["lamp"]


async def test_filters_narrow_a_search_and_tags_alone_are_one(plane: Plane) -> None:
    red = await plane.register("red", described(lamp="light"), tags=["a", "b"])
    await plane.register("blue", described(lamp="light"), tags=["b"])
    q = "/search?entity_types=tools"

    async def names(more: str) -> list[str]:
        answer = await plane.http.get(f"{q}{more}")
        return [item["name"] for item in answer.json()["items"]]

    assert await names("&q=lamp") == ["blue-lamp", "red-lamp"]
    assert await names(f"&q=lamp&gateway_id={red['id']}") == ["red-lamp"]
    assert await names("&tags=b%2Ba") == ["red-lamp"]
    assert await names("&tags=a,b") == ["blue-lamp", "red-lamp"]
    assert await names("&tags=c&q=lamp") == []
    assert await names("") == []


async def test_a_changed_thing_is_found_by_its_new_words_only(plane: Plane) -> None:
    gateway = await plane.register("hub", described(lamp="gives light", radio="plays music"))
    url = "http://hub.example/mcp"
    plane.discoverer.at[url] = described(lamp="gives heat")
    await plane.http.post(f"/gateways/{gateway['id']}/tools/refresh")

    assert await tools(plane, "light") == []
    assert await tools(plane, "heat") == ["lamp"]
    assert await tools(plane, "radio", include_inactive=True) == []


async def test_what_is_searched_is_what_is_registered(plane: Plane) -> None:
    gateway = await plane.register("hub", upstream_with(["x", "y"], ["p"], ["file:///r"]))
    await plane.bundle("s", [])
    await plane.http.put(f"/gateways/{gateway['id']}", json={"visibility": "private"})
    await plane.http.post(f"/gateways/{gateway['id']}/state?activate=false")
    columns = "id, name, own, title, description, enabled, visibility, owner_email, tags"

    for noun in NOUNS:
        kept = f"SELECT {columns} FROM search_{noun}"
        registered = f"SELECT {columns} FROM searchable_{noun}".replace("own,", "lower(own),")
        differ = f"({registered} EXCEPT {kept}) UNION ALL ({kept} EXCEPT {registered})"
        query = f"SELECT count(*) FROM ({differ}) d"
        assert await plane.pool.fetchval(query) == 0, noun


async def test_a_definition_that_postgresql_can_not_read_is_registered_all_the_same(
    plane: Plane,
) -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    await plane.register("hub", described(odd="nul \0 within", lone="x"))
    async with plane.ports.store.write(ACTOR.who) as tx:
        [upstream] = (await plane.http.get("/gateways")).json()
        deep = '{"description":"\\ud800"}'
        row = Tool(
            id=make_id(b"\1" * 16), created_at=now, updated_at=now, created=ACTOR.who,
            upstream_id=upstream["id"], name="hub-surrogate", original_name="surrogate",
            definition=deep,
        )  # fmt: skip
        await tx.tools.save([row])

    assert await tools(plane, "odd") == ["odd"]
    assert await tools(plane, "surrogate") == ["surrogate"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("q=" + "x" * 501, "q"),
        ("q=a%00b", "q"),
        ("q=a&limit=0", "limit"),
        ("q=a&limit_per_type=501", "limit_per_type"),
        ("q=a&entity_types=tools,cars", "entity_types"),
    ],
)
async def test_a_search_that_can_not_be_is_refused_by_field(
    plane: Plane, query: str, field: str
) -> None:
    answer = await plane.http.get(f"/search?{query}")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    "text", ["'", "\\", "a & | ! b:*", "<->", "%", "_", "the", "ß² ﷽", "(((", "' OR 1=1"]
)
async def test_no_text_breaks_a_search(plane: Plane, text: str) -> None:
    await plane.register("hub", described(lamp="light"))

    assert await find(plane, text) == []
