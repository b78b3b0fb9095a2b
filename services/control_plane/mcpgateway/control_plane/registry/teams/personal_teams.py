"""The team that everybody has for himself: made with him, or at the start for who has none."""

import logging
from hashlib import sha256

from mcpgateway.common import ids
from mcpgateway.control_plane.registry.access import roles
from mcpgateway.control_plane.registry.access.default_roles import DefaultRoles
from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.people.model import Member, Team, User, member_id
from mcpgateway.control_plane.registry.ports import Ports, WriteTx

log = logging.getLogger(__name__)

NAME_LIMIT = 255  # characters
SLUG_LIMIT = 255
_AT_ONCE = 100  # people of one transaction: others wait for it


def personal_id(email: str) -> str:
    """The same for the same person, in every registry."""
    return sha256(f"the team of {email}".encode()).hexdigest()[:32]


async def make_personal(
    tx: WriteTx, user: User, defaults: DefaultRoles, *, prefix: str = ""
) -> Team | None:
    """In the transaction that saved the user before. None for a program, which has none. Does
    nothing to a team that is there. Raises Unavailable when DEFAULT_TEAM_OWNER_ROLE names no
    role."""
    if user.service:
        return None
    id = personal_id(user.email)
    there = await tx.teams.get([id])
    if there:
        return there[0]
    team = Team(
        id=id,
        name=f"{user.full_name or user.email}'s Team"[:NAME_LIMIT],
        slug=await _free_slug(tx, user.email, prefix),
        description=f"Personal workspace of {user.email}",
        personal=True,
        created_by=user.email,
        created_at=tx.at,
        updated_at=tx.at,
    )
    member = Member(
        id=member_id(id, user.email),
        team_id=id,
        email=user.email,
        role="owner",
        joined_at=tx.at,
    )
    await tx.teams.save([team])
    await tx.members.save([member])
    await roles.team_grant(tx, user.email, id, "owner", defaults)
    return team


async def ensure_personal(ports: Ports, who: Who) -> None:
    """Makes those that are missing. Raises what `make_personal` does."""
    if not ports.teams.personal:
        return
    lonely = await ports.store.read.teams.lonely()
    for at in range(0, len(lonely), _AT_ONCE):
        async with ports.store.write(who) as tx:
            for user in await tx.users.get(lonely[at : at + _AT_ONCE]):
                prefix = ports.teams.personal_prefix
                await make_personal(tx, user, ports.default_roles, prefix=prefix)
    if lonely:
        log.info("made %d personal teams", len(lonely))


async def _free_slug(tx: WriteTx, email: str, prefix: str) -> str:
    """Two emails may give one slug: `a.b@x` and `a-b@x`."""
    slug = ids.shorten(ids.slug(f"{prefix} {email}"), SLUG_LIMIT)
    if slug and not await tx.teams.keyed([slug]):
        return slug
    return f"{slug[: SLUG_LIMIT - 33]}-{personal_id(email)}".strip("-")
