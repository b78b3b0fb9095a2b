"""Scopes of OAuth as permissions: they narrow, and parts are covered by the whole."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.policy.access.oauth_scopes import (
    ADVERTISED,
    DEFAULT,
    SCOPES,
    covered,
    parse,
    permissions,
    unknown,
)

some = st.lists(st.sampled_from([*SCOPES, "openid", ""]))


def test_a_list_is_read_by_single_spaces_and_keeps_its_order() -> None:
    assert parse(" mcp:tools mcp:prompts  mcp:tools ") == ("mcp:tools", "mcp:prompts")
    assert parse("") == ()


def test_all_of_mcp_is_its_three_parts() -> None:
    parts = permissions(["mcp:tools", "mcp:resources", "mcp:prompts"])
    assert permissions(["mcp"]) == parts


def test_who_asks_for_nothing_gets_mcp_and_no_administration() -> None:
    assert "*" not in permissions(DEFAULT)
    assert not any(name.startswith("admin.") for name in permissions(DEFAULT))


def test_administration_is_not_advertised() -> None:
    assert "admin" not in ADVERTISED
    assert "*" not in permissions(ADVERTISED)


def test_a_scope_that_is_not_ours_allows_nothing_and_is_named() -> None:
    assert permissions(["openid", "profile"]) == ()
    assert unknown(["openid", "mcp"]) == ("openid",)


def test_a_part_is_covered_by_the_whole_and_not_the_other_way_round() -> None:
    assert covered(["mcp:tools"], ["mcp"])
    assert not covered(["mcp"], ["mcp:tools"])
    assert not covered(["admin"], ["mcp", "a2a", "offline_access"])


def test_a_refresh_token_is_covered_by_its_own_scope_alone() -> None:
    assert not covered(["offline_access"], ["admin"])
    assert not covered(["offline_access"], ["mcp"])
    assert covered(["offline_access"], ["offline_access"])


@given(some, some)
def test_what_is_covered_never_allows_more(asked: list[str], granted: list[str]) -> None:
    if covered(asked, granted) and "*" not in permissions(granted):
        assert set(permissions(asked)) <= set(permissions(granted))


@given(some, some)
def test_more_scopes_never_allow_less(some: list[str], more: list[str]) -> None:
    both = permissions([*some, *more])
    assert "*" in both or set(permissions(some)) <= set(both)
