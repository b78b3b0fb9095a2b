"""Bodies of /roots: what is understood and what is refused."""

from typing import Any

import pytest

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.nouns.roots import URI_LIMIT, read_root
from mcpgateway.control_plane.registry.drafts import RootDraft

GOOD = {"uri": "file:///srv"}


def test_a_uri_is_enough_wrapped_or_bare_and_a_change_needs_none() -> None:
    assert read_root(GOOD, True) == read_root({"root": GOOD}, True) == RootDraft(uri="file:///srv")
    assert read_root({}, False) == RootDraft()


def test_both_spellings_mean_the_same() -> None:
    camel = read_root(GOOD | {"ownerEmail": "a@b", "teamId": "t"}, True)
    assert camel == read_root(GOOD | {"owner_email": "a@b", "team_id": "t"}, True)
    assert (camel.owner_email, camel.team_id) == ("a@b", "t")


@pytest.mark.parametrize(
    ("members", "problem"),
    [
        ({"uri": None}, ("uri", "missing")),
        ({"uri": " "}, ("uri", "string")),
        ({"uri": "x" * (URI_LIMIT + 1)}, ("uri", "string")),
        ({"name": ""}, ("name", "string")),
        ({"name": 7}, ("name", "string")),
        ({"tags": 1}, ("tags", "list")),
        ({"visibility": "all"}, ("visibility", "enum")),
    ],
)
def test_a_refusal_names_the_field(members: dict[str, Any], problem: tuple[str, str]) -> None:
    with pytest.raises(InvalidCall) as error:
        read_root(GOOD | members, True)
    assert [(each.field, each.rule) for each in error.value.errors] == [problem]
