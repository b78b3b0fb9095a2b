"""A delta makes the table that building everything anew would make, and loses nothing silently."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build, records
from mcpgateway.common.routing.check import key_of
from mcpgateway.common.routing.delta import apply, judge
from mcpgateway.common.routing.model import Access, Delta, Key, Principal, Record
from mcpgateway.common.routing.table import Table
from support.registries import ADMIN, ANN, BOB, REGISTRY, deltas, server, tool, upstream

histories = st.tuples(deltas(1), deltas(2), deltas(3), deltas(4))


def after(*history: Delta) -> Table:
    table = build(REGISTRY, 0, ())
    for delta in history:
        table = apply(table, delta).table
    return table


def expected(*history: Delta) -> dict[Key, Record]:
    """The registry itself, without any routing: what each key was last set to."""
    resources: dict[Key, Record] = {}
    for delta in history:
        for key in delta.deletes:
            resources.pop(key, None)
        resources.update((key_of(record), record) for record in delta.upserts)
    return resources


def in_use(table: Table) -> dict[Key, Record]:
    return {Key(kind, id): r for kind, by_id in table.by_kind().items() for id, r in by_id.items()}


def shown(table: Table, principal: Principal | None, server_id: str | None) -> object:
    view = table.view(Subject(principal), server_id)
    if view is None:
        return None
    lists = (
        view.tools_list,
        view.legacy_tools_list,
        view.task_tools_list,
        view.prompts_list,
        view.resources_list,
        view.templates_list,
    )
    return (*lists, dict(view.tools), dict(view.prompts), view.capabilities, view.instructions)


@given(histories)
def test_applying_deltas_gives_what_building_all_resources_anew_gives(
    history: tuple[Delta, ...],
) -> None:
    applied = after(*history)
    built = build(REGISTRY, 4, expected(*history).values())
    assert in_use(applied) == in_use(built)
    assert applied.faults == built.faults
    assert applied.indexes == built.indexes
    assert (applied.registry, applied.revision) == (built.registry, built.revision)


@given(histories, st.sets(st.integers(1, 3)))
def test_views_kept_over_deltas_show_what_fresh_views_show(
    history: tuple[Delta, ...], unseen: set[int]
) -> None:
    table = build(REGISTRY, 0, ())
    for delta in history:
        table = apply(table, delta).table
        if delta.revision in unseen:
            continue  # nobody looks at this one
        fresh = build(REGISTRY, 0, list(records(table)))
        for principal in (None, ADMIN, ANN, BOB):
            for server_id in (None, "1", "2"):
                assert shown(table, principal, server_id) == shown(fresh, principal, server_id)


@given(histories)
def test_every_resource_is_in_use_or_named_in_the_faults(history: tuple[Delta, ...]) -> None:
    table = after(*history)
    faulty = [(fault.kind, fault.id) for fault in table.faults]
    used = [tuple(key) for key in in_use(table)]
    assert sorted(faulty + used) == sorted(tuple(key) for key in expected(*history))


@given(histories)
def test_touched_names_everything_that_came_went_or_changed(history: tuple[Delta, ...]) -> None:
    table = build(REGISTRY, 0, ())
    for delta in history:
        before = in_use(table)
        table, touched, faults = apply(table, delta)
        now = in_use(table)
        assert {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)} <= (
            touched
        )
        assert set(faults) == {f for f in table.faults if (f.kind, f.id) in touched}


@given(histories)
def test_a_table_is_not_changed_by_what_comes_after_it(history: tuple[Delta, ...]) -> None:
    table = after(*history[:2])
    before = (in_use(table), table.faults, shown(table, ADMIN, None))
    for delta in history[2:]:
        apply(table, delta)
    assert (in_use(table), table.faults, shown(table, ADMIN, None)) == before


def step(revision: int, *upserts: Record, deletes: tuple[Key, ...] = ()) -> Delta:
    return Delta(REGISTRY, revision - 1, revision, upserts, deletes)


def test_a_tool_heals_when_its_upstream_arrives_later() -> None:
    table = after(step(1, tool()))
    assert [fault.problem for fault in table.faults] == ["its upstream 'u1' is not in the table"]
    healed = apply(table, step(2, upstream()))
    assert healed.faults == ()
    assert healed.touched == {Key("upstream", "u1"), Key("tool", "t1")}
    assert "t1" in healed.table.tools


def test_the_smallest_id_has_a_name_that_two_tools_want_and_the_other_gets_it_next() -> None:
    table = after(step(1, upstream(), tool("t2", name="same"), tool("t1", name="same")))
    assert [(f.id, f.problem) for f in table.faults] == [("t2", "name 'same' is taken by tool t1")]
    freed = apply(table, step(2, deletes=(Key("tool", "t1"),)))
    assert "t2" in freed.table.tools
    assert freed.table.faults == ()


def test_a_bad_resource_is_left_out_by_name_and_the_rest_applies() -> None:
    secret = Access(visibility="secret")  # type: ignore[arg-type]  # what a wire may bring
    table = after(step(1, upstream(), tool("t1", access=secret), tool("t2")))
    assert [fault.problem for fault in table.faults] == [
        "access.visibility must be one of public, team, private, is 'secret'"
    ]
    assert set(table.tools) == {"t2"}


def test_a_delta_keeps_the_views_of_servers_that_it_does_not_touch() -> None:
    table = after(
        step(
            1,
            upstream("u1"),
            upstream("u2"),
            tool("a", "u1"),
            tool("b", "u2"),
            server("s1", tools=("a",)),
            server("s2", tools=("b",)),
        )
    )
    first, second, everything = (table.view(Subject(ADMIN), id) for id in ("s1", "s2", None))
    later = apply(table, step(2, tool("a", "u1", original_name="renamed"))).table
    assert later.view(Subject(ADMIN), "s1") is not first
    assert later.view(Subject(ADMIN), "s2") is second
    assert later.view(Subject(ADMIN), None) is not everything
    unrelated = apply(later, step(3, Principal(id="eve@example.com"))).table
    assert unrelated.view(Subject(ADMIN), None) is later.view(Subject(ADMIN), None)


@pytest.mark.parametrize(
    ("registry", "base", "revision", "verdict"),
    [
        (REGISTRY, 3, 5, "ignore"),
        (REGISTRY, 0, 4, "ignore"),
        (REGISTRY, 5, 6, "apply"),
        (REGISTRY, 2, 6, "apply"),
        (REGISTRY, 6, 7, "gap"),
        ("another", 5, 6, "foreign"),
    ],
)
def test_a_delta_is_judged_by_lineage_and_revisions(
    registry: str, base: int, revision: int, verdict: str
) -> None:
    assert judge(build(REGISTRY, 5, ()), Delta(registry, base, revision)) == verdict
