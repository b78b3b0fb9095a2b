"""What callers would see of a change: nothing is told when nobody sees anything, and whatever is
told is seen."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import (
    NO_ORIGIN,
    PUBLIC,
    Access,
    Origin,
    Principal,
    Record,
    Resource,
    Server,
    Tool,
    Upstream,
)
from mcpgateway.common.routing.table import Table
from mcpgateway.control_plane.registry.history.effects import Effect, Place, effects
from support.registries import HAS_USER_ROLE, USER_ROLE

UPSTREAM = Upstream("u", "u", "u", "http://a")
_ids = st.sampled_from(["1", "2", "3"])
_access = st.one_of(
    st.just(PUBLIC),
    st.builds(
        Access,
        visibility=st.sampled_from(["public", "team", "private"]),
        team=st.sampled_from(["red", "blue"]),
        owner=st.sampled_from(["ann", "bob"]),
    ),
)
_tools = st.builds(
    lambda id, title, original, access: Tool(
        id, "u", f"tool-{id}", original, b'{"title":"%s"}' % title.encode(), access=access
    ),
    _ids,
    st.sampled_from(["one", "two"]),
    st.sampled_from(["x", "y"]),
    _access,
)
_resources = st.builds(
    lambda id, uri, access: Resource(f"r{id}", "u", uri, access=access),
    _ids,
    st.sampled_from(["file:///1", "file:///2"]),
    _access,
)
_servers = st.builds(
    lambda id, tools, resources, naming, open, access: Server(
        f"s{id}",
        f"server-{id}",
        tools=tuple(dict.fromkeys(tools)),
        resources=tuple(f"r{id}" for id in dict.fromkeys(resources)),
        naming=naming,
        anonymous_access=open,
        access=access,
    ),
    _ids,
    st.lists(_ids, max_size=3),
    st.lists(_ids, max_size=3),
    st.sampled_from(["prefixed", "original"]),
    st.booleans(),
    _access,
)
registries = st.lists(_tools | _resources | _servers, max_size=8).map(
    lambda records: [UPSTREAM, *{(each.kind, each.id): each for each in records}.values()]
)

CALLERS = [
    None,
    Principal("root", admin=True),
    *(
        Principal(name, teams=teams, grants=HAS_USER_ROLE)
        for name in ("ann", "bob", "eve")
        for teams in ((), ("red",), ("blue",), ("red", "blue"))
    ),
]


def seen(table: Table, caller: Principal | None, server: str | None) -> Mapping[Any, Any]:
    """What is offered, without what no client can tell."""
    view = table.view(Subject(caller), server)
    if view is None:
        return {}
    offers: dict[Any, Any] = {}
    for kind, by_name in (("tool", view.tools), ("resource", view.resources)):
        for name, each in by_name.items():
            named = {"uri": ""} if kind == "resource" else {"name": ""}
            offers[kind, name] = msgspec.structs.replace(
                each, id="", origin=NO_ORIGIN, access=PUBLIC, **named
            )
    return offers


def told(before: Iterable[Record], after: Iterable[Record]) -> list[Effect]:
    before, after = [UPSTREAM, *before], [UPSTREAM, *after]
    changed = {(each.kind, each.id) for each in (*before, *after)}
    return list(effects(before, after, changed))


@settings(max_examples=300)
@given(registries, registries)
def test_effects_are_told_exactly_where_somebody_sees_something_else(
    before: list[Record], after: list[Record]
) -> None:
    tables = build("", 1, [USER_ROLE, *before]), build("", 1, [USER_ROLE, *after])
    names = {each.id: each.name for each in (*before, *after) if isinstance(each, Server)}
    differing = set()
    for server in (None, *names):
        for caller in CALLERS:
            views = [seen(table, caller, server) for table in tables]
            for key in views[0].keys() | views[1].keys():
                if views[0].get(key) != views[1].get(key):
                    differing.add((server, *key))
    found = {(each.place and each.place.id, each.kind, each.name) for each in told(before, after)}
    assert found == differing


@given(registries)
def test_nothing_is_told_of_the_same(records: list[Record]) -> None:
    moved = [msgspec.structs.replace(each, origin=Origin("", each.id, 9)) for each in records]
    assert told(records, moved) == []


def tool(id: str = "1", **changes: Any) -> Tool:
    return msgspec.structs.replace(Tool(id, "u", f"t{id}", "x"), **changes)


RED = Access("team", team="red")


def test_who_is_affected_is_said_once_for_the_largest_class() -> None:
    server = Server("s", "main", tools=("1",), anonymous_access=True)
    found = told([server], [server, tool()])
    assert found == [
        Effect(None, "tool", "t1", "appear", (), "everyone"),
        Effect(Place("s", "main"), "tool", "t1", "appear", (), "everyone, also without a token"),
    ]


def test_a_team_that_keeps_what_others_lose_is_an_exception() -> None:
    [found] = told([tool()], [tool(access=RED)])
    assert (found.effect, found.audience, found.but) == (
        "vanish",
        "everyone",
        ("team red", "administrators"),
    )


def test_what_only_some_see_is_told_for_them() -> None:
    [team] = told([], [tool(access=RED)])
    [owner] = told([], [tool(access=Access("private", owner="ann"))])
    assert (team.audience, owner.audience) == ("team red", "owner ann")


def test_a_change_names_members_of_the_definition_and_how_it_is_answered() -> None:
    before = tool(definition=b'{"title":"a","description":"d"}')
    after = tool(definition=b'{"title":"b","inputSchema":{}}', timeout_ms=5, id="2", name="t1")
    [found] = told([before], [after])
    assert found.what == ("description", "inputSchema", "timeout_ms", "title")


def test_a_tool_of_an_upstream_that_moves_is_none_that_changes() -> None:
    moved = msgspec.structs.replace(UPSTREAM, url="http://b")
    assert told([tool()], [tool(), moved]) == []
