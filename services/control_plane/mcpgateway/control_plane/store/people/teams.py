"""SQL of teams as they are shown, of invitations and of requests to join."""

from collections.abc import Sequence
from typing import Any

import msgspec

from mcpgateway.control_plane.registry.people.model import Member
from mcpgateway.control_plane.registry.teams.team_ports import (
    Invitation,
    JoinRequest,
    TeamQuery,
    TeamView,
)
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.history import Fetches

# $1 an email: whose role is told.
_VIEW = """
SELECT t.*, (SELECT count(*) FROM team_members m WHERE m.team_id = t.id) AS member_count,
    (SELECT m.role FROM team_members m WHERE m.team_id = t.id AND m.email = $1) AS role
FROM teams t
"""
_PAGE = f"""
WITH found AS (
    {_VIEW} WHERE $2::boolean OR CASE WHEN $3::boolean
        THEN t.visibility = 'public' AND t.active AND NOT t.personal AND NOT EXISTS (
            SELECT 1 FROM team_members m WHERE m.team_id = t.id AND m.email = $1)
        ELSE EXISTS (SELECT 1 FROM team_members m WHERE m.team_id = t.id AND m.email = $1) END
)
SELECT (SELECT count(*) FROM found) AS total, row_to_json(p)::text AS row
FROM (SELECT 1) AS once
LEFT JOIN (SELECT * FROM found ORDER BY lower(name), id OFFSET $4 LIMIT $5) p ON true
"""
_ONE = f"SELECT row_to_json(v)::text AS row FROM ({_VIEW} WHERE t.id = $2) v"
_MEMBERS = """
SELECT row_to_json(m)::text AS row FROM team_members m WHERE m.team_id = $1 ORDER BY m.email
"""
_LONELY = """
SELECT u.email FROM users u WHERE NOT u.service AND NOT EXISTS (
    SELECT 1 FROM team_members m JOIN teams t ON t.id = m.team_id
    WHERE m.email = u.email AND t.personal
) ORDER BY u.email
"""

_INVITATIONS = """
SELECT row_to_json(v)::text AS row FROM (
    SELECT i.*, t.name AS team_name FROM team_invitations i JOIN teams t ON t.id = i.team_id
) v
"""
_SAVE_INVITATION = """
INSERT INTO team_invitations (
    id, team_id, email, role, invited_by, invited_at, expires_at, sha256
) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (team_id, email) DO UPDATE SET
    (id, role, invited_by, invited_at, expires_at, sha256) = (
        excluded.id, excluded.role, excluded.invited_by, excluded.invited_at,
        excluded.expires_at, excluded.sha256)
"""
_JOINS = """
SELECT row_to_json(v)::text AS row FROM (
    SELECT j.*, t.name AS team_name FROM team_join_requests j JOIN teams t ON t.id = j.team_id
) v
"""
_SAVE_JOIN = """
INSERT INTO team_join_requests (id, team_id, email, message, status, requested_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (team_id, email) DO UPDATE SET
    (id, message, status, requested_at, expires_at) = (
        excluded.id, excluded.message, excluded.status, excluded.requested_at, excluded.expires_at)
"""


class PostgresTeams:
    """Implements team_ports.TeamReads."""

    def __init__(self, source: Fetches) -> None:
        self._source = source

    async def page(self, query: TeamQuery) -> tuple[list[TeamView], int]:
        with translated():
            rows = await self._source.fetch(_PAGE, *query)
        found = [msgspec.json.decode(row["row"], type=TeamView) for row in rows if row["row"]]
        return found, int(rows[0]["total"])

    async def one(self, id: str, email: str) -> TeamView | None:
        with translated():
            rows = await self._source.fetch(_ONE, email, id)
        return msgspec.json.decode(rows[0]["row"], type=TeamView) if rows else None

    async def members(self, team_id: str) -> list[Member]:
        with translated():
            rows = await self._source.fetch(_MEMBERS, team_id)
        return [msgspec.json.decode(row["row"], type=Member) for row in rows]

    async def lonely(self) -> list[str]:
        with translated():
            return [row["email"] for row in await self._source.fetch(_LONELY)]


class PostgresTeamRequests:
    """Implements team_ports.TeamRequests."""

    def __init__(self, source: Fetches) -> None:
        self._source = source

    async def save_invitation(self, invitation: Invitation) -> None:
        values = msgspec.structs.asdict(invitation)
        del values["team_name"]
        await self._fetch(_SAVE_INVITATION, *values.values())

    async def invitations(
        self, *, team_id: str | None = None, email: str | None = None
    ) -> list[Invitation]:
        where = """
WHERE ($1::text IS NULL OR v.team_id = $1) AND ($2::text IS NULL OR v.email = $2)
ORDER BY v.invited_at DESC, v.id
"""
        rows = await self._fetch(_INVITATIONS + where, team_id, email)
        return [msgspec.json.decode(row["row"], type=Invitation) for row in rows]

    async def invitation(self, key: str) -> Invitation | None:
        rows = await self._fetch(f"{_INVITATIONS} WHERE v.id = $1 OR v.sha256 = $1", key)
        return msgspec.json.decode(rows[0]["row"], type=Invitation) if rows else None

    async def remove_invitation(self, id: str) -> bool:
        sql = "DELETE FROM team_invitations WHERE id = $1 RETURNING id"
        return bool(await self._fetch(sql, id))

    async def save_join(self, request: JoinRequest) -> None:
        values = msgspec.structs.asdict(request)
        del values["team_name"]
        await self._fetch(_SAVE_JOIN, *values.values())

    async def joins(self, team_id: str) -> list[JoinRequest]:
        where = "WHERE v.team_id = $1 AND v.status = 'pending' ORDER BY v.requested_at, v.id"
        return await self._joins(where, team_id)

    async def join(self, id: str) -> JoinRequest | None:
        found = await self._joins("WHERE v.id = $1", id)
        return found[0] if found else None

    async def joining(self, team_id: str, email: str) -> JoinRequest | None:
        found = await self._joins("WHERE v.team_id = $1 AND v.email = $2", team_id, email)
        return found[0] if found else None

    async def _joins(self, where: str, *args: object) -> list[JoinRequest]:
        rows = await self._fetch(_JOINS + where, *args)
        return [msgspec.json.decode(row["row"], type=JoinRequest) for row in rows]

    async def _fetch(self, sql: str, *args: object) -> Sequence[Any]:
        with translated():
            return await self._source.fetch(sql, *args)
