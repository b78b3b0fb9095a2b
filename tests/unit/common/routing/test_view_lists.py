"""Lists of the next table are made of those before, as far as nothing in them changed."""

import json
from typing import Any

import pytest

from mcpgateway.common.mcp import tasks
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.delta import apply
from mcpgateway.common.routing.listing import BLOCK
from mcpgateway.common.routing.model import Delta, Key, Record
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view_lists import CHANGES, ListName, Lists
from support.registries import ADMIN, REGISTRY, server, tool, upstream

IDS = [f"t{n:04}" for n in range(4 * BLOCK)]


def lists(table: Table, server_id: str | None = None) -> Lists:
    view = table.view(Subject(ADMIN), server_id)
    assert view is not None
    return view.lists


def changed(table: Table, *upserts: Record, deletes: tuple[Key, ...] = ()) -> Table:
    return apply(table, Delta(REGISTRY, table.revision, table.revision + 1, upserts, deletes)).table


def make(*records: Record) -> Table:
    return build(REGISTRY, 1, (upstream(), *(tool(id) for id in IDS), *records))


def shared(before: Lists, after: Lists, name: ListName = "tools") -> int:
    """Blocks of the list that are the very same."""
    known = {id(block.body) for block in before[name].blocks}
    return sum(id(block.body) in known for block in after[name].blocks)


def test_one_changed_tool_leaves_the_rest_of_every_list_as_it_was() -> None:
    of = make(server(tools=tuple(IDS)))
    for server_id in (None, "s1"):
        before = lists(of, server_id)
        held = len(before["tools"].blocks), len(before["legacy_tools"].blocks)
        after = lists(changed(of, tool(IDS[7], definition=b'{"title":"new"}')), server_id)
        assert b'"title":"new"' in after["tools"].json
        assert shared(before, after) == held[0] - 1
        assert shared(before, after, "legacy_tools") == held[1] - 1


def test_a_list_that_nobody_asked_for_meanwhile_still_knows_what_changed() -> None:
    table = make()
    before = lists(table)
    assert before["tools"].size > 0
    table = changed(table, tool(IDS[0], definition=b'{"title":"first"}'))
    assert lists(table)["prompts"].json == b"[]"  # the view is made again, its tools are not
    table = changed(table, deletes=(Key("tool", IDS[1]),))
    table = changed(table, tool("another"))
    after = lists(table)
    fresh = lists(build(REGISTRY, 1, (upstream(), *table.tools.values())))
    assert after["tools"].json == fresh["tools"].json
    assert shared(before, after) == len(before["tools"].blocks) - 1


def test_after_very_many_changes_a_list_is_made_anew() -> None:
    table = make()
    before = lists(table)
    assert before["tools"].size > 0
    many = (tool(f"m{n}") for n in range(CHANGES + 1))
    after = lists(changed(table, *many))
    assert shared(before, after) == 0
    assert len(after["tools"].json) == after["tools"].size


def test_what_is_kept_for_views_that_nobody_asks_for_again_has_a_bound() -> None:
    table = make(*(server(f"s{n}", tools=(IDS[0],)) for n in range(70)))
    for n in range(70):
        assert lists(table, f"s{n}")["tools"].size > 0
    table = changed(table, tool(IDS[0], definition=b'{"title":"new"}'))
    who = table.rights(Subject(ADMIN))
    kept = [n for n in range(70) if table.views.formers((f"s{n}", who))]
    assert len(kept) == table.views.FORMERS


WITH_TASKS = json.dumps({"tools": {}, "tasks": tasks.LEGACY_CAPABILITY}).encode()


def support(table: Table, name: ListName = "task_tools", server_id: str | None = None) -> Any:
    """What the one tool says of tasks."""
    (listed,) = json.loads(lists(table, server_id)[name].json)
    return listed.get("execution", {}).get("taskSupport")


@pytest.mark.parametrize("said", ["", "required", "optional", "forbidden"])
@pytest.mark.parametrize(
    ("era", "capabilities"),
    [("modern", b"{}"), ("legacy", b"{}"), ("legacy", WITH_TASKS)],
)
def test_tasks_can_be_asked_of_tools_unless_a_legacy_upstream_says_otherwise(
    era: Any, capabilities: bytes, said: str
) -> None:
    definition = json.dumps({"execution": {"taskSupport": said}} if said else {}).encode()
    parent = upstream(era=era, capabilities=capabilities)
    table = build(REGISTRY, 1, (parent, tool(definition=definition)))
    own = said or (None if capabilities == WITH_TASKS else "optional")
    assert support(table) == ("optional" if era == "modern" else own)
    assert support(table, "legacy_tools") == (said or None)


def test_what_only_looks_like_a_word_on_tasks_is_none() -> None:
    definition = b'{"inputSchema":{"properties":{"execution":{"enum":["taskSupport"]}}}}'
    table = build(REGISTRY, 1, (upstream(era="legacy"), tool(definition=definition)))
    assert support(table) == "optional"
    (listed,) = json.loads(lists(table)["task_tools"].json)
    assert listed["inputSchema"] == json.loads(definition)["inputSchema"]


@pytest.mark.parametrize("server_id", [None, "s1"])
def test_an_upstream_that_has_tasks_from_now_on_speaks_for_its_tools(
    server_id: str | None,
) -> None:
    table = build(REGISTRY, 1, (upstream(era="legacy"), tool(), server(tools=("t1",))))
    assert support(table, server_id=server_id) == "optional"
    table = changed(table, upstream(era="legacy", capabilities=WITH_TASKS))
    assert support(table, server_id=server_id) is None
