"""What a token says only ever takes away; what it says in no sensible way is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.policy.access import oauth_scopes
from mcpgateway.common.policy.access.narrowing import made_from, scope_of
from mcpgateway.common.policy.access.scope import EVERYTHING, Scope

SERVER = "0123456789abcdef0123456789abcdef"
names = st.sampled_from(["tools.read", "tools.execute", "servers.use", "a2a.invoke", "*"])
permissions = st.none() | st.lists(names, max_size=4)
scopes = st.none() | st.lists(st.sampled_from([*oauth_scopes.SCOPES, "openid"]), max_size=3)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"teams": None, "scopes": None, "scope": None},
        {"scopes": {}},
        {"scopes": {"permissions": ["*"], "server_id": None, "ip_restrictions": []}},
        {"scopes": {"permissions": []}},
        {"scope": "openid profile"},
        {"is_admin": True, "permissions": ["x"], "roles": ["admin"]},
    ],
)
def test_a_token_that_takes_nothing_away_leaves_everything(claims: dict[str, Any]) -> None:
    assert scope_of(claims) == EVERYTHING


@pytest.mark.parametrize(
    ("teams", "left"),
    [([], ()), (["b", "a", "b"], ("a", "b")), ([{"id": "a", "name": "A"}], ("a",))],
)
def test_teams_leave_those_that_are_named(teams: list[Any], left: tuple[str, ...]) -> None:
    assert scope_of({"teams": teams}) == Scope(teams=left)


def test_scopes_leave_one_server_some_permissions_networks_times_and_limits() -> None:
    claims = {
        "scopes": {
            "server_id": "01234567-89ab-cdef-0123-456789abcdef",
            "permissions": ["tools.read"],
            "ip_restrictions": ["10.0.0.7/8", "::1"],
            "time_restrictions": {"days": ["Mon"]},
            "usage_limits": {"requests_per_hour": 5},
        }
    }
    assert scope_of(claims) == Scope(
        permissions=("tools.read",),
        server=SERVER,
        networks=("10.0.0.0/8", "::1/128"),
        times={"days": ["Mon"]},
        limits={"requests_per_hour": 5},
    )


def test_scopes_of_oauth_leave_what_they_mean_and_foreign_ones_beside_them_nothing() -> None:
    assert scope_of({"scope": "mcp:tools openid"}).permissions == oauth_scopes.permissions(
        ["mcp:tools"]
    )
    assert scope_of({"scope": "offline_access"}).permissions == ()
    assert scope_of({"scope": "admin"}) == EVERYTHING


@given(permissions, scopes)
def test_both_kinds_of_scopes_together_leave_no_more_than_each(
    own: list[str] | None, oauth: list[str] | None
) -> None:
    ours = {} if own is None else {"scopes": {"permissions": own}}
    theirs = {} if oauth is None else {"scope": " ".join(oauth)}
    together, one, other = (scope_of(each) for each in ({**ours, **theirs}, ours, theirs))
    for permission in ("tools.read", "tools.execute", "servers.use", "a2a.invoke", "x"):
        both = one.leaves(permission) and other.leaves(permission)
        assert together.leaves(permission) == both


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"teams": "a"}, "teams"),
        ({"teams": {}}, "teams"),
        ({"teams": [5]}, "teams"),
        ({"teams": [""]}, "teams"),
        ({"teams": [{}]}, "teams"),
        ({"teams": ["a"] * 1001}, "teams"),
        ({"scope": ["mcp"]}, "scope"),
        ({"scopes": ["tools.read"]}, "scopes"),
        ({"scopes": {"permissions": "tools.read"}}, "scopes.permissions"),
        ({"scopes": {"permissions": [None]}}, "scopes.permissions"),
        ({"scopes": {"server_id": 5}}, "scopes.server_id"),
        ({"scopes": {"server_id": ""}}, "scopes.server_id"),
        ({"scopes": {"ip_restrictions": ["everywhere"]}}, "scopes.ip_restrictions"),
        ({"scopes": {"time_restrictions": []}}, "scopes.time_restrictions"),
        ({"scopes": {"usage_limits": 5}}, "scopes.usage_limits"),
    ],
)
def test_a_claim_that_says_nothing_sensible_is_refused_by_name(
    claims: dict[str, Any], name: str
) -> None:
    with pytest.raises(Unauthenticated, match=f"claim {name} must be"):
        scope_of(claims)


def test_a_token_names_the_api_token_that_it_was_made_from_or_none() -> None:
    assert made_from({}) == made_from({"api_token": None}) == ""
    assert made_from({"api_token": SERVER}) == SERVER


@pytest.mark.parametrize("claim", ["", "one", 1, [SERVER], False])
def test_what_names_no_api_token_is_refused(claim: Any) -> None:
    with pytest.raises(Unauthenticated, match="api_token"):
        made_from({"api_token": claim})
