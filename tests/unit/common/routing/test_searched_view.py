"""A view that looks tools up offers what a view that lists them offers, at no cost to make."""

import gc
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mcpgateway.common.policy.access.permits import Permits
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.delta import apply
from mcpgateway.common.routing.model import Access, Delta, Key, Principal, Record
from mcpgateway.common.routing.search_tools import NAMES
from mcpgateway.common.routing.searched_view import searched_view
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View, server_view
from support.registries import (
    ADMIN,
    ANN,
    BOB,
    REGISTRY,
    USER_ROLE,
    deltas,
    prompt,
    server,
    tool,
    upstream,
)

SEARCHED = server("s1", tools=("t1", "t2"), prompts=("p1",), discovery="search")
WORLD = (upstream(), tool("t1"), tool("t2"), tool("t3"), prompt(), SEARCHED)


def table(*records: Record) -> Table:
    return build(REGISTRY, 1, (USER_ROLE, *records))


def view(of: Table, principal: Principal | None = ADMIN, server_id: str = "s1") -> View:
    found = of.view(Subject(principal), server_id)
    assert found is not None
    return found


def changed(of: Table, *upserts: Record, deletes: tuple[Key, ...] = ()) -> Table:
    return apply(of, Delta(REGISTRY, of.revision, of.revision + 1, upserts, deletes)).table


def test_members_are_offered_by_their_names_and_nothing_else_is() -> None:
    found = view(table(*WORLD))
    assert found.searched
    assert set(found.tools) == {"u1-t1", "u1-t2"}
    assert (found.tools.get("u1-t3"), "u1-t3" in found.tools) == (None, False)
    with pytest.raises(KeyError):
        found.tools["u1-t3"]
    assert set(found.prompts) == {"u1-p1"}
    assert [each.id for each in found.upstreams] == ["u1"]
    assert "u1" in (found.depends or ())
    assert "u2" not in (found.depends or ())


def test_what_the_caller_may_not_see_is_not_there() -> None:
    private = tool("t2", access=Access("private", owner=ANN.id))
    of = table(*WORLD[:2], private, *WORLD[3:], ANN, BOB)
    assert set(view(of, ANN).tools) == {"u1-t1", "u1-t2"}
    assert set(view(of, BOB).tools) == {"u1-t1"}


def test_there_are_tools_even_where_the_server_has_none() -> None:
    of = table(server("s1", discovery="search"), server("s2"))
    assert b'"tools"' in view(of).capabilities
    assert b'"tools"' not in view(of, server_id="s2").capabilities


def test_a_name_of_ours_is_never_another_tools() -> None:
    ours = sorted(NAMES)[0]
    taken = tool("t2", name=f"{ours}-2")
    of = table(upstream(), tool("t1", name=ours), taken, SEARCHED, prompt())
    found = view(of).tools
    assert ours not in found
    assert {name: each.id for name, each in found.items()} == {f"{ours}-2": "t2", f"{ours}-3": "t1"}


def test_a_name_of_ours_is_kept_free_where_names_are_the_upstreams_own() -> None:
    original = replace(SEARCHED, naming="original", prompts=())
    of = table(upstream(), tool("t1", original_name="call_tool"), tool("t2"), original)
    assert set(view(of).tools) == {"u1-t1", "t2"}


def test_changes_show_at_once() -> None:
    of = table(*WORLD)
    assert view(of).tools["u1-t1"].definition == b"{}"
    of = changed(of, tool("t1", definition=b'{"title":"x"}'))
    assert view(of).tools["u1-t1"].definition == b'{"title":"x"}'
    of = changed(of, replace(SEARCHED, tools=("t3",)))
    assert set(view(of).tools) == {"u1-t3"}
    of = changed(of, replace(SEARCHED, prompts=(), discovery="full"))
    assert not view(of).searched
    assert set(view(of).tools) == {"u1-t1", "u1-t2"}
    of = changed(of, deletes=(Key("server", "s1"),))
    assert of.view(Subject(ADMIN), "s1") is None


def test_prompts_are_listed_as_they_are_now() -> None:
    of = table(*WORLD)
    assert b'"u1-p1"' in view(of).prompts_list
    of = changed(of, prompt("p2"), replace(SEARCHED, prompts=("p1", "p2")))
    assert b'"u1-p2"' in view(of).prompts_list
    of = changed(of, replace(SEARCHED, prompts=("p2",)))
    assert b'"u1-p1"' not in view(of).prompts_list


def test_a_view_does_not_keep_its_table() -> None:
    first = table(*WORLD)
    kept = view(first)
    gone = weakref.ref(first)
    now = changed(first, Principal(BOB.id))
    del first
    gc.collect()
    assert gone() is None
    assert set(kept.tools) == set(view(now).tools)


@given(st.tuples(deltas(1), deltas(2), deltas(3)), st.sampled_from([ADMIN, ANN, BOB, None]))
def test_it_offers_what_a_view_that_lists_tools_offers(
    history: tuple[Delta, ...], principal: Principal | None
) -> None:
    of = build(REGISTRY, 0, ())
    for delta in history:
        of = apply(of, delta).table
    permits = Permits(of.rights(Subject(principal)))
    for each in of.servers.values():
        members = of.indexes.searched.get(each.id)
        assert (members is not None) == (each.discovery == "search")
        if members is None or each.naming == "original":
            continue
        looked_up = searched_view(each, permits, of, members)
        listed = server_view(each, permits, of)
        assert dict(looked_up.tools) == dict(listed.tools)
        assert len(looked_up.tools) == len(listed.tools)
        assert {u.id for u in looked_up.upstreams} == {u.id for u in listed.upstreams}
        assert looked_up.capabilities == listed.capabilities
        assert looked_up.instructions == listed.instructions
