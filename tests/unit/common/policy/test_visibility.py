"""Who sees what: everybody the public, members their team's, owners their own, admins all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.policy.access.scope import Scope
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.policy.visibility import may_see, sees, viewer
from mcpgateway.common.routing.model import Access, Principal
from support.registries import ADMIN, ANN, BOB

RED = Access("team", "red", "bob@example.com")
BOBS = Access("private", "", BOB.id)
GONE = Principal(ADMIN.id, active=False, admin=True, teams=("red",))


@pytest.mark.parametrize(
    ("principal", "access", "expected"),
    [
        (None, Access(), True),
        (None, RED, False),
        (None, BOBS, False),
        (ANN, Access(), True),
        (ANN, RED, True),
        (ANN, BOBS, False),
        (BOB, RED, False),
        (BOB, BOBS, True),
        (ADMIN, RED, True),
        (ADMIN, BOBS, True),
        (GONE, RED, False),
        (GONE, Access(), True),
    ],
)
def test_a_principal_sees_what_its_visibility_says(
    principal: Principal | None, access: Access, expected: bool
) -> None:
    assert may_see(Subject(principal), access) is expected


@given(
    st.builds(
        Access,
        visibility=st.sampled_from(["public", "team", "private", "", "TEAM"]),
        team=st.sampled_from(["", "red", "blue"]),
        owner=st.sampled_from(["", ANN.id, BOB.id]),
    ),
    st.sampled_from([ANN, BOB, Principal(""), Principal("", teams=("",))]),
)
def test_nobody_sees_by_an_empty_team_or_owner_or_an_unknown_visibility(
    access: Access, principal: Principal
) -> None:
    seen = may_see(Subject(principal), access)
    if seen and access.visibility != "public":
        by_team = access.visibility == "team" and access.team and access.team in principal.teams
        by_owner = access.visibility == "private" and access.owner == principal.id != ""
        assert by_team or by_owner


def test_principals_who_own_nothing_share_a_class_with_their_team() -> None:
    other = Principal("carl@example.com", teams=("red",))
    assert viewer(Subject(ANN), owns_private=False) == viewer(Subject(other), owns_private=False)
    assert viewer(Subject(ANN)) != viewer(Subject(other))
    assert sees(viewer(Subject(ANN), owns_private=False), RED)


@pytest.mark.parametrize(
    ("principal", "teams", "access", "expected"),
    [
        (ADMIN, (), RED, False),
        (ADMIN, (), Access(), True),
        (ADMIN, ("red",), RED, True),
        (ADMIN, ("blue",), RED, False),
        (ANN, ("red",), RED, True),
        (ANN, (), RED, False),
        (ANN, ("blue",), Access("team", "blue"), False),
        (BOB, ("red",), BOBS, True),
        (BOB, (), BOBS, False),
    ],
)
def test_teams_of_a_token_narrow_what_its_principal_sees(
    principal: Principal, teams: tuple[str, ...], access: Access, expected: bool
) -> None:
    assert may_see(Subject(principal, Scope(teams=teams)), access) is expected


def test_a_token_of_one_server_sees_nothing_outside_of_servers() -> None:
    assert not may_see(Subject(ADMIN, Scope(server="s1")), Access())
