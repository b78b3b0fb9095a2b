"""Roles that are there from the start, and what people get by themselves."""

from dataclasses import replace

import pytest

from mcpgateway.common.errors import Unavailable
from mcpgateway.control_plane.identity.bootstrap import SYSTEM
from mcpgateway.control_plane.registry.access import roles
from mcpgateway.control_plane.registry.access.default_roles import DefaultRoles, role_id
from mcpgateway.control_plane.registry.people.model import Member, Team, User, member_id
from mcpgateway.control_plane.registry.ports import WriteTx
from support.control_plane import ADMIN, Plane

ANN = "ann@example.com"
NAMES = {"platform_admin", "team_admin", "developer", "viewer", "platform_viewer"}


async def user(tx: WriteTx, email: str) -> None:
    await tx.users.save([User(email=email, created_at=tx.at, updated_at=tx.at)])


async def team(tx: WriteTx, id: str) -> None:
    row = Team(id=id, name=id, slug=id, created_by=ADMIN, created_at=tx.at, updated_at=tx.at)
    await tx.teams.save([row])


async def granted(plane: Plane, email: str) -> set[tuple[str, str]]:
    """Names of roles, and where they count."""
    names = {role.id: role.name for role in await plane.ports.store.read.access.roles()}
    found = await plane.ports.store.read.access.grants(email=email)
    return {(names[each.role_id], each.scope_id or each.scope) for each in found}


async def test_a_new_registry_has_the_built_in_roles_and_an_administrator_with_the_highest(
    plane: Plane,
) -> None:
    known = await plane.ports.store.read.access.roles()
    assert {role.name for role in known} == NAMES
    assert all(role.system and role.id == role_id(role.name) for role in known)
    assert ("platform_admin", "global") in await granted(plane, ADMIN)


async def test_roles_that_are_as_they_should_be_are_not_written_again(plane: Plane) -> None:
    before = await plane.revision()
    await roles.ensure(plane.ports, SYSTEM)
    assert await plane.revision() == before


async def test_a_registry_from_before_roles_gets_them_and_its_users_the_default_once(
    plane: Plane,
) -> None:
    async with plane.ports.store.write(SYSTEM) as tx:
        await user(tx, ANN)
        await roles.remove_user(tx, ADMIN)
        await tx.roles.remove([role_id(name) for name in NAMES])
    await roles.ensure(plane.ports, SYSTEM)
    assert await granted(plane, ADMIN) == {("platform_admin", "global")}
    assert await granted(plane, ANN) == {("platform_viewer", "global")}

    async with plane.ports.store.write(SYSTEM) as tx:
        await roles.remove_user(tx, ANN)
    await roles.ensure(plane.ports, SYSTEM)
    assert await granted(plane, ANN) == set(), "what was taken away stays away"


async def test_a_built_in_role_that_was_changed_behind_our_back_is_put_right(plane: Plane) -> None:
    await plane.pool.execute("UPDATE roles SET permissions = '{*}' WHERE name = 'viewer'")
    await roles.ensure(plane.ports, SYSTEM)
    [viewer] = [r for r in await plane.ports.store.read.access.roles() if r.name == "viewer"]
    assert "*" not in viewer.permissions
    assert viewer.version == 2


async def test_a_member_has_the_role_of_members_until_he_is_an_owner_or_leaves(
    plane: Plane,
) -> None:
    defaults = plane.ports.default_roles
    async with plane.ports.store.write(SYSTEM) as tx:
        await user(tx, ANN)
        await team(tx, "red")
        await team(tx, "blue")
        for id in ("red", "blue"):
            joined = Member(id=member_id(id, ANN), team_id=id, email=ANN, joined_at=tx.at)
            await tx.members.save([joined])
            await roles.team_grant(tx, ANN, id, "member", defaults)
    assert await granted(plane, ANN) == {("viewer", "red"), ("viewer", "blue")}

    async with plane.ports.store.write(SYSTEM) as tx:
        await roles.team_grant(tx, ANN, "red", "owner", defaults)
    assert await granted(plane, ANN) == {("team_admin", "red"), ("viewer", "blue")}

    async with plane.ports.store.write(SYSTEM) as tx:
        await roles.leave_team(tx, ANN, "red")
        await roles.remove_team(tx, "blue")
    assert await granted(plane, ANN) == set()


async def test_data_planes_hear_of_a_role_that_somebody_gets(plane: Plane) -> None:
    before = await plane.revision()
    async with plane.ports.store.write(SYSTEM) as tx:
        await user(tx, ANN)
        await roles.default_grant(tx, ANN, plane.ports.default_roles)
    [told] = (await plane.routing.delta(before)).upserts
    assert told.id == ANN
    assert role_id("platform_viewer").encode() in getattr(told, "grants", b"")


@pytest.mark.parametrize(
    ("defaults", "said"),
    [
        (DefaultRoles(user="editor"), "DEFAULT_USER_ROLE names role 'editor', which is not there"),
        (DefaultRoles(admin="viewer"), "DEFAULT_ADMIN_ROLE .* of scope team, not of global"),
    ],
)
async def test_a_default_role_that_can_not_be_given_is_told_at_the_start(
    plane: Plane, defaults: DefaultRoles, said: str
) -> None:
    with pytest.raises(Unavailable, match=said):
        await roles.ensure(replace(plane.ports, default_roles=defaults), SYSTEM)


async def test_no_default_role_gives_none(plane: Plane) -> None:
    async with plane.ports.store.write(SYSTEM) as tx:
        await user(tx, ANN)
        await roles.default_grant(tx, ANN, DefaultRoles(user=""))
    assert await granted(plane, ANN) == set()
