"""What use cases of teams read, and what they keep that has no revision: invitations and requests
to join. Ports, which the store implements."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from mcpgateway.control_plane.registry.people.model import Member, Team, TeamRole


class TeamView(Team, frozen=True, kw_only=True):
    """`role`: of whoever asks, None when he is no member."""

    member_count: int = 0
    role: TeamRole | None = None


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """`sha256` is that of its token. `team_name` is read with it and not written."""

    id: str
    team_id: str
    team_name: str = ""
    email: str
    role: TeamRole
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    sha256: str


class JoinRequest(msgspec.Struct, frozen=True, kw_only=True):
    """`status`: "pending", "approved", "rejected". `team_name` is read with it."""

    id: str
    team_id: str
    team_name: str = ""
    email: str
    message: str | None = None
    status: str = "pending"
    requested_at: datetime
    expires_at: datetime


class TeamQuery(NamedTuple):
    """Teams that `email` is in; with `everyone` all that there are; with `discover` public ones
    that he is not in. `limit` None: all."""

    email: str
    everyone: bool = False
    discover: bool = False
    offset: int = 0
    limit: int | None = None


class TeamReads(Protocol):
    """Of what is committed, one statement each. All raise Unavailable."""

    async def page(self, query: TeamQuery) -> tuple[list[TeamView], int]:
        """Sorted by name, and how many there are without offset and limit."""

    async def one(self, id: str, email: str) -> TeamView | None:
        """`role` is that of `email`."""

    async def members(self, team_id: str) -> list[Member]:
        """Sorted by email."""

    async def lonely(self) -> list[str]:
        """Emails of persons without a personal team."""


class TeamRequests(Protocol):
    """What somebody asked of a team or was asked by it, until it is answered. All raise
    Unavailable."""

    async def save_invitation(self, invitation: Invitation) -> None:
        """In place of one for the same email that there is."""

    async def invitations(
        self, *, team_id: str | None = None, email: str | None = None
    ) -> list[Invitation]:
        """Of a team, or to somebody; the latest first."""

    async def invitation(self, key: str) -> Invitation | None:
        """By its id, or by the SHA-256 of its token."""

    async def remove_invitation(self, id: str) -> bool:
        """Whether it was there."""

    async def save_join(self, request: JoinRequest) -> None:
        """In place of one of the same person that there is."""

    async def joins(self, team_id: str) -> Sequence[JoinRequest]:
        """Pending ones, the oldest first."""

    async def join(self, id: str) -> JoinRequest | None: ...

    async def joining(self, team_id: str, email: str) -> JoinRequest | None:
        """That of a person, in whatever state."""
