"""What is given and taken at a login."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.identity.sso import sync
from mcpgateway.control_plane.identity.sso.sync import Given
from mcpgateway.control_plane.registry.people.model import Member, RoleGrant, TeamRole, member_id

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SOURCES = st.sampled_from(["manual", "default", "corp", "other"])
ROLES = st.sampled_from(["r1", "r2", "r3"])
TEAMS = st.sampled_from(["t1", "t2", "t3"])
OWNERSHIP: st.SearchStrategy[TeamRole] = st.sampled_from(("owner", "member"))


@given(st.dictionaries(ROLES, SOURCES), st.frozensets(ROLES))
def test_afterwards_one_has_what_is_wanted_and_what_others_gave(
    held: dict[str, str], wanted: frozenset[str]
) -> None:
    rows = [
        RoleGrant(
            id=f"id-{role}",
            email="a@example.com",
            role_id=role,
            scope="global",
            granted_by="x",
            granted_at=NOW,
            source=source,
        )
        for role, source in held.items()
    ]
    changes = sync.grants(rows, {Given(role, "global", "") for role in wanted}, "corp")
    kept = {row.role_id for row in rows if row.id not in changes.take}
    given_ = {each.role_id for each in changes.give}
    others = {role for role, source in held.items() if source != "corp"}
    assert kept | given_ == wanted | others
    assert not kept & given_


@given(st.dictionaries(TEAMS, st.tuples(OWNERSHIP, SOURCES)), st.dictionaries(TEAMS, OWNERSHIP))
def test_places_that_people_gave_stay_as_they_are(
    held: dict[str, tuple[TeamRole, str]], wanted: dict[str, TeamRole]
) -> None:
    rows = [
        Member(
            id=member_id(team, "a@example.com"),
            email="a@example.com",
            team_id=team,
            role=role,
            joined_at=NOW,
            source=source,
        )
        for team, (role, source) in held.items()
    ]
    changes = sync.places(rows, wanted, "corp")
    after = {row.team_id: row.role for row in rows if row.id not in changes.take}
    after |= changes.give
    others = {team: role for team, (role, source) in held.items() if source != "corp"}
    assert after == wanted | others
