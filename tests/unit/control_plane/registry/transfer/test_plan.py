"""Order, marks and pruning of what is applied."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.registry.model import Prompt, Who
from mcpgateway.control_plane.registry.transfer.model import Item, Kind, Parent
from mcpgateway.control_plane.registry.transfer.plan import (
    ORDER,
    check_distinct,
    is_mark,
    marked,
    ordered,
    renamed,
    to_prune,
)

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TAGS = st.lists(st.sampled_from(["a", "b", "set:x", "set:y"]), unique=True).map(tuple)


def item(kind: Kind, name: str, parent: Parent | None = None, at: str = "") -> Item:
    return Item(at=at or f"{kind}/{name}", kind=kind, name=name, key=name, parent=parent)


def prompt(id: str, *tags: str, upstream: str | None = None) -> Prompt:
    return Prompt(
        id=id,
        name=id,
        original_name=id,
        definition="{}",
        upstream_id=upstream,
        tags=tags,
        created_at=NOW,
        updated_at=NOW,
        created=Who("x"),
    )


@given(st.permutations(ORDER))
def test_what_is_referred_to_comes_first_and_goes_last(kinds: list[Kind]) -> None:
    items = [item(kind, "x") for kind in kinds]
    assert [each.kind for each in ordered(items)] == list(ORDER)
    assert [each.kind for each in ordered(items, last_first=True)] == list(reversed(ORDER))


def test_one_thing_may_be_wanted_once() -> None:
    check_distinct([item("Tool", "x"), item("Prompt", "x"), item("Tool", "x", Parent("g", "x"))])
    with pytest.raises(InvalidCall) as refused:
        check_distinct([item("Tool", "x", at="a"), item("Tool", "x", at="b")])
    assert [each.field for each in refused.value.errors] == ["b"]


@given(TAGS, TAGS, st.sampled_from(["", "x", "z"]))
def test_marks_stay_and_the_set_has_its_own(
    given_tags: tuple[str, ...], present: tuple[str, ...], label: str
) -> None:
    tags = marked(given_tags, present, label)
    assert tags is not UNSET
    assert {tag for tag in tags if is_mark(tag)} == {tag for tag in present if is_mark(tag)} | (
        {f"set:{label}"} if label else set()
    )
    assert [tag for tag in tags if not is_mark(tag)] == [t for t in given_tags if not is_mark(t)]
    assert len(set(tags)) == len(tags)


def test_tags_that_nobody_speaks_of_are_left_alone() -> None:
    assert marked(UNSET, ("a", "set:x"), "") is UNSET
    assert marked(UNSET, ("a", "set:x"), "x") == ("a", "set:x")


def test_only_what_a_set_has_and_no_upstream_lists_is_pruned() -> None:
    rows = [
        prompt("kept", "set:x"),
        prompt("gone", "set:x"),
        prompt("listed", "set:x", upstream="u"),
        prompt("other", "set:xy"),
    ]
    assert [row.id for row in to_prune(rows, "x", {"kept"})] == ["gone"]


def test_a_name_that_is_taken_gets_the_time_behind_it() -> None:
    assert renamed("greet", 1640995200) == "greet_imported_1640995200"


def made_of(name: str, *tools: str) -> Item:
    steps = [{"name": "s", "tool": tool} for tool in tools]
    body = {"recipe": {"steps": steps} if len(tools) > 1 else {"tool": tools[0]}}
    return Item(at=name, kind="Tool", name=name, key=name, body=body)


@given(st.permutations([made_of("a", "b", "c"), made_of("b", "c"), made_of("c", "plain")]))
def test_what_a_tool_is_made_of_is_written_before_it_and_deleted_after_it(
    items: list[Item],
) -> None:
    given_ = [item("Server", "s"), *items, item("Tool", "plain")]
    names = [each.name for each in ordered(given_)]
    assert names == ["plain", "c", "b", "a", "s"]
    assert [each.name for each in ordered(given_, last_first=True)] == names[::-1]


@pytest.mark.parametrize("recipe", [1, "x", {"steps": 1}, {"steps": [1]}, {"tool": 1}])
def test_what_is_no_recipe_is_somebody_elses_to_refuse(recipe: object) -> None:
    odd = Item(at="odd", kind="Tool", name="odd", key="odd", body={"recipe": recipe})
    assert ordered([odd]) == [odd]
