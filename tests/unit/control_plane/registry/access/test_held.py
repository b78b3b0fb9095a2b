"""What roles give, with what they inherit."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.registry.access.held import ancestors, effective, in_force
from mcpgateway.control_plane.registry.people.model import Role, RoleGrant

NOW = datetime(2026, 11, 22, tzinfo=UTC)
IDS = st.sampled_from("abcdef")


def role(id: str, parent: str | None = None, *, active: bool = True) -> Role:
    return Role(
        id=id, name=id, scope="global", permissions=(f"{id}.read",), inherits_from=parent,
        active=active, created_by="x", created_at=NOW, updated_at=NOW,
    )  # fmt: skip


def test_a_role_gives_its_own_and_all_that_it_inherits() -> None:
    roles = {"a": role("a", "b"), "b": role("b", "c"), "c": role("c")}
    assert effective("a", roles) == {"a.read", "b.read", "c.read"}
    assert effective("c", roles) == {"c.read"}
    assert ancestors("a", roles) == ["b", "c"]


def test_a_role_that_is_not_active_gives_nothing_and_passes_nothing_on() -> None:
    roles = {"a": role("a", "b"), "b": role("b", "c", active=False), "c": role("c")}
    assert effective("a", roles) == {"a.read"}
    assert effective("b", roles) == frozenset()


@given(st.dictionaries(IDS, st.none() | IDS), IDS)
def test_any_inheritance_ends_and_names_each_role_once(
    parents: dict[str, str | None], start: str
) -> None:
    roles = {id: role(id, parent) for id, parent in parents.items()}
    line = ancestors(start, roles)
    assert len(set(line)) == len(line)
    assert start not in line
    assert effective(start, roles) <= {f"{id}.read" for id in roles}


def test_a_grant_counts_until_it_expires() -> None:
    grant = RoleGrant(
        id="g", email="a", role_id="r", scope="global", granted_by="x", granted_at=NOW,
        expires_at=NOW + timedelta(seconds=1),
    )  # fmt: skip
    assert in_force(grant, NOW)
    assert not in_force(grant, NOW + timedelta(seconds=1))
