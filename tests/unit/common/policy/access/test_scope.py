"""Scopes: what a token leaves, as it is kept."""

import msgspec
import pytest

from mcpgateway.common.policy.access.scope import EVERYTHING, Scope


@pytest.mark.parametrize(
    ("permissions", "left"),
    [(None, True), (("*",), True), (("tools.read",), True), (("servers.use",), False), ((), False)],
)
def test_a_scope_leaves_the_permissions_that_it_names(
    permissions: tuple[str, ...] | None, left: bool
) -> None:
    assert Scope(permissions=permissions).leaves("tools.read") is left


def test_a_scope_that_takes_nothing_away_is_an_empty_object() -> None:
    assert msgspec.json.encode(EVERYTHING) == b"{}"
    assert msgspec.json.decode(b"{}", type=Scope) == EVERYTHING


def test_no_teams_and_all_teams_are_kept_apart() -> None:
    for teams in ((), None, ("red",)):
        kept = msgspec.json.decode(msgspec.json.encode(Scope(teams=teams)), type=Scope)
        assert kept.teams == teams
