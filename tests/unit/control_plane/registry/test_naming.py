"""Offered names: given once, never twice, never renumbered."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.ids import NAME_LIMIT, prefixed_name
from mcpgateway.control_plane.registry.drafts import NamedDraft
from mcpgateway.control_plane.registry.model import Prompt, Who
from mcpgateway.control_plane.registry.naming import assign, custom, own, prefix

originals = st.lists(st.text("ab_-.X", min_size=1, max_size=150), unique=True, max_size=12)
taken = st.frozensets(st.text("ab-2", min_size=1, max_size=6).map(lambda t: f"u-{t}"), max_size=6)


@given(originals, taken)
def test_names_are_unique_within_the_limit_and_never_taken(
    names: list[str], used: frozenset[str]
) -> None:
    offered = assign(names, used, "u", "-").offered
    assert offered.keys() == set(names)
    assert len(set(offered.values())) == len(names)
    assert not used & set(offered.values())
    assert all(len(name) <= NAME_LIMIT for name in offered.values())


@given(originals, taken, st.text("ab-", max_size=120))
def test_every_name_begins_with_the_prefix_by_which_the_taken_ones_are_looked_up(
    names: list[str], used: frozenset[str], slug: str
) -> None:
    for name in assign(names, used, slug, "-").offered.values():
        assert name.startswith(prefix(slug, "-"))


@given(originals, taken)
def test_only_names_that_differ_from_the_usual_are_called_renamed(
    names: list[str], used: frozenset[str]
) -> None:
    given_names = assign(names, used, "u", "-")
    for original, name in given_names.offered.items():
        assert (original in given_names.renamed) == (name != prefixed_name("u", original))


def test_who_comes_later_takes_the_next_number() -> None:
    names = assign(["get_x", "get-x", "get.x"], {"u-get-x-2"}, "u", "-")
    assert list(names.offered.values()) == ["u-get-x", "u-get-x-3", "u-get-x-4"]
    assert names.renamed == {"get-x": "u-get-x-3", "get.x": "u-get-x-4"}


def prompt(**fields: Any) -> Prompt:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    common: dict[str, Any] = {"created_at": now, "updated_at": now, "created": Who("ann")}
    said: dict[str, Any] = {"id": "p", "name": "u-say", "original_name": "say", "definition": "{}"}
    return Prompt(**(common | said | fields))


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        (NamedDraft(), {}),
        (NamedDraft(name="u-say", custom_name="say"), {}),
        (NamedDraft(custom_name="Tell it"), {"custom_name": "Tell it", "name": "u-tell-it"}),
        (NamedDraft(name="u-tell"), {"custom_name": "tell", "name": "u-tell"}),
        (NamedDraft(name="tell"), {"custom_name": "tell", "name": "u-tell"}),
    ],
)
def test_a_new_name_of_an_upstreams_thing_is_a_custom_one(
    draft: NamedDraft, expected: dict[str, Any]
) -> None:
    assert custom(prompt(), draft, "u", "-") == expected


def test_its_own_name_as_custom_name_is_none() -> None:
    renamed = prompt(name="u-tell", custom_name="tell")
    back = {"custom_name": None, "name": "u-say"}
    assert custom(renamed, NamedDraft(custom_name="say"), "u", "-") == back
    assert custom(renamed, NamedDraft(custom_name=""), "u", "-") == back


@pytest.mark.parametrize(
    ("draft", "expected"),
    [
        (NamedDraft(), {}),
        (NamedDraft(name="say", custom_name="say"), {}),
        (NamedDraft(custom_name="tell"), {"custom_name": "tell", "name": "tell"}),
        (
            NamedDraft(name="tell", custom_name="say"),
            {"original_name": "tell", "custom_name": None, "name": "tell"},
        ),
    ],
)
def test_our_own_are_offered_as_they_are_called(
    draft: NamedDraft, expected: dict[str, Any]
) -> None:
    assert own(prompt(name="say", upstream_id=None), draft) == expected
