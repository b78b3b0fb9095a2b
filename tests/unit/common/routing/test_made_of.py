"""Tools that are made of others are in use, and offered, with these."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common.policy.access.permits import EVERYWHERE, Permits
from mcpgateway.common.policy.access.policy import NO_POLICY, rights
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing import made_of
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.delta import Applied, apply
from mcpgateway.common.routing.model import Access, Delta, Key, Principal, Record, Tool
from mcpgateway.common.routing.recipe import Composed, Derived, Recipe, Step
from mcpgateway.common.routing.table import Table
from support.registries import ADMIN, ANN, BOB, REGISTRY, USER_ROLE, server, tool, upstream


def made(id: str, *parts: str, **fields: Any) -> Tool:
    recipe: Recipe = (
        Derived(tool=parts[0])
        if len(parts) == 1
        else Composed(steps=tuple(Step(name=f"s{n}", tool=each) for n, each in enumerate(parts)))
    )
    return tool(id, "", recipe=msgspec.json.encode(recipe), **({"name": id} | fields))


def table(*records: Record) -> Table:
    return build(REGISTRY, 1, (upstream(), USER_ROLE, ANN, BOB, ADMIN, *records))


def then(before: Table, *upserts: Record, deletes: tuple[Key, ...] = ()) -> Applied:
    revision = before.revision + 1
    return apply(before, Delta(REGISTRY, before.revision, revision, upserts, deletes))


def faults(of: Table) -> dict[str, str]:
    return {each.id: each.problem for each in of.faults}


def offered_to(of: Table, principal: Principal, server_id: str | None) -> set[str]:
    view = of.view(Subject(principal), server_id)
    assert view is not None
    return set(view.tools)


def test_what_is_made_of_a_tool_goes_and_comes_with_it() -> None:
    before = table(tool("t1"), made("d", "t1"), made("c", "d", "t1"))
    assert {"t1", "d", "c"} == set(before.tools)
    gone = then(before, deletes=(Key("tool", "t1"),))
    assert not set(gone.table.tools)
    assert faults(gone.table) == {
        "c": "a tool that it is made of, 'd', is not in the table",
        "d": "a tool that it is made of, 't1', is not in the table",
    }
    assert {Key("tool", "d"), Key("tool", "c")} <= gone.touched
    back = then(gone.table, tool("t1"))
    assert {"t1", "d", "c"} == set(back.table.tools)
    assert not back.table.faults


def test_what_is_made_of_an_upstreams_tools_goes_with_the_upstream() -> None:
    before = table(tool("t1"), made("d", "t1"))
    gone = then(before, deletes=(Key("upstream", "u1"),)).table
    assert set(faults(gone)) == {"t1", "d"}
    assert set(then(gone, upstream()).table.tools) == {"t1", "d"}


def test_what_is_made_of_itself_is_never_in_use() -> None:
    found = table(tool("t1"), made("a", "b"), made("b", "a"), made("c", "a", "t1"), made("s", "s"))
    assert set(found.tools) == {"t1"}
    assert set(faults(found)) == {"a", "b", "c", "s"}
    healed = then(found, made("b", "t1")).table
    assert set(healed.tools) == {"t1", "a", "b", "c"}
    assert set(then(healed, made("b", "a")).table.tools) == {"t1"}


def test_a_name_that_is_taken_has_what_it_is_made_of_left_out() -> None:
    found = table(tool("t1"), tool("t2"), made("z", "t1", name="u1-t2"))
    assert faults(found) == {"z": "name 'u1-t2' is taken by tool t2"}


def test_a_changed_tool_touches_what_is_made_of_it() -> None:
    before = table(tool("t1"), made("d", "t1"), made("c", "d", "t1"), made("other", "o"))
    changed = then(before, tool("t1", access=Access("private", owner="somebody")))
    assert changed.touched == {Key("tool", "t1"), Key("tool", "d"), Key("tool", "c")}


@pytest.mark.parametrize("server_id", [None, "s"])
def test_who_may_not_use_a_part_is_not_offered_the_whole(server_id: str | None) -> None:
    secret = tool("t1", access=Access("private", owner=ANN.id))
    at = server("s", tools=("d", "c", "t2"))
    of = table(secret, tool("t2"), made("d", "t1"), made("c", "d", "t2"), at)
    offered = {each.id: offered_to(of, each, server_id) for each in (ANN, BOB)}
    assert offered[ANN.id] >= {"d", "c", "u1-t2"}
    assert offered[BOB.id] == {"u1-t2"}
    seen = then(of, tool("t1")).table
    assert {"d", "c", "u1-t2"} <= offered_to(seen, BOB, server_id)


def test_an_open_server_gives_nobody_what_a_tool_of_it_is_made_of() -> None:
    of = table(tool("t1"), made("d", "t1"), server("s", tools=("d", "t1"), anonymous_access=True))
    view = of.view(None, "s")
    assert view is not None
    assert set(view.tools) == {"u1-t1"}


def test_a_part_that_is_not_there_is_nobodys_to_use() -> None:
    permits = Permits(rights(NO_POLICY, Subject(Principal("a", admin=True))))
    assert not made_of.may_use(permits, made("d", "t1"), EVERYWHERE, {})


def test_a_recipe_that_can_not_be_read_has_no_parts() -> None:
    assert made_of.parts(tool("d", "", recipe=b"{}")) == ()
    assert faults(table(tool("d", "", recipe=b"{}")))["d"].startswith("recipe can not be read")
