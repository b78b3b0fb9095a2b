"""What is said of a thing: an operator's words lie over an upstream's, and never in them."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.registry import wording
from mcpgateway.control_plane.registry.drafts import NamedDraft, WordedDraft

values = st.one_of(st.text(max_size=3), st.dictionaries(st.text(max_size=2), st.integers()))
members = st.dictionaries(st.sampled_from("abc"), values)


def text(said: dict[str, Any]) -> str:
    return msgspec.json.encode(said).decode()


@given(members, members, members)
def test_what_was_said_last_is_what_is_shown(
    theirs: dict[str, Any], before: dict[str, Any], said: dict[str, Any]
) -> None:
    over = wording.overridden(text(theirs), text(before), WordedDraft(members=said))
    shown = wording.shown(text(theirs), over)
    for name, value in said.items():
        assert shown.get(name) == (value if value not in ("", {}) else None)


@given(members)
def test_saying_what_the_upstream_says_overrides_nothing(theirs: dict[str, Any]) -> None:
    filled = {name: value for name, value in theirs.items() if value not in ("", {})}
    assert wording.overridden(text(filled), "{}", WordedDraft(members=filled)) == "{}"


@given(members, members)
def test_overrides_can_be_taken_away_at_once(theirs: dict[str, Any], over: dict[str, Any]) -> None:
    assert wording.overridden(text(theirs), text(over), WordedDraft(overrides={})) == "{}"


def test_an_empty_value_takes_a_member_of_our_own_away() -> None:
    draft = WordedDraft(members={"title": "", "outputSchema": {}, "description": "d"})
    before = '{"title":"T","outputSchema":{"type":"object"},"inputSchema":{}}'
    assert wording.read(wording.defined(before, draft)) == {"description": "d", "inputSchema": {}}


def test_our_own_have_nothing_to_put_words_over() -> None:
    with pytest.raises(InvalidCall, match="overrides"):
        wording.defined("{}", WordedDraft(overrides={"title": "x"}))


def test_a_definition_has_a_limit() -> None:
    with pytest.raises(InvalidCall, match="limit"):
        wording.defined("{}", WordedDraft(members={"_meta": {"x": "y" * 300_000}}))


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        (NamedDraft(display_name="Mine"), {"title": "Mine"}),
        (NamedDraft(display_name="Get X"), {}),
        (NamedDraft(display_name="Mine", members={"title": "T"}), {}),
        (NamedDraft(), {}),
    ],
)
def test_a_display_name_is_a_title_unless_it_is_the_usual_one(
    draft: NamedDraft, expected: dict[str, Any]
) -> None:
    assert wording.titled(draft, wording.display_name("get_x")) == expected


def test_overridden_annotations_say_how_a_tool_may_be_repeated() -> None:
    theirs = '{"annotations":{"readOnlyHint":false}}'
    ours = '{"annotations":{"readOnlyHint":true,"idempotentHint":true}}'
    assert wording.repeatability(theirs, ours) == {"read_only": True, "idempotent": True}
    assert wording.repeatability("[]", ours) == {"read_only": False, "idempotent": False}
