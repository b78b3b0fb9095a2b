"""A control plane with people in teams."""

from collections.abc import AsyncIterator

import pytest

from mcpgateway.control_plane.identity.bootstrap import SYSTEM
from mcpgateway.control_plane.registry.access import roles
from mcpgateway.control_plane.registry.people.model import Member, Team, TeamRole, User, member_id
from support.control_plane import ADMIN, Plane, open_plane

PEOPLE: dict[str, tuple[str | None, TeamRole]] = {
    "ann": ("red", "owner"),
    "bob": ("red", "member"),
    "cid": (None, "member"),
}


@pytest.fixture
async def plane(registry: str) -> AsyncIterator[Plane]:
    """Ann owns the team "red", Bob is a member, Cid is in none."""
    async with open_plane(registry) as opened:
        async with opened.ports.store.write(SYSTEM) as tx:
            row = Team(
                id="red", name="Red", slug="red", created_by=ADMIN,
                created_at=tx.at, updated_at=tx.at,
            )  # fmt: skip
            await tx.teams.save([row])
            for name, (team, kind) in PEOPLE.items():
                email = f"{name}@example.com"
                await tx.users.save([User(email=email, created_at=tx.at, updated_at=tx.at)])
                await roles.default_grant(tx, email, opened.ports.default_roles)
                if team:
                    joined = Member(
                        id=member_id(team, email), team_id=team, email=email, joined_at=tx.at
                    )
                    await tx.members.save([joined])
                    await roles.team_grant(tx, email, team, kind, opened.ports.default_roles)
        yield opened
