"""Teams, members, invitations and requests to join, as they are shown. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from mcpgateway.control_plane.registry.people.model import Member
from mcpgateway.control_plane.registry.teams.team_ports import Invitation, JoinRequest, TeamView
from mcpgateway.control_plane.registry.teams.teams import Seed

Json: TypeAlias = dict[str, Any]


class Dated(NamedTuple):
    """An invitation, looked at at a time."""

    invitation: Invitation
    now: datetime


def team(row: TeamView) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "slug": row.slug,
        "description": row.description,
        "created_by": row.created_by,
        "is_personal": row.personal,
        "visibility": row.visibility,
        "max_members": row.max_members,
        "member_count": row.member_count,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "is_active": row.active,
    }


def made_team(row: TeamView, added: Sequence[Seed], invited: Sequence[Invitation]) -> Json:
    return team(row) | {
        "members_added": [{"email": each.email, "role": each.role} for each in added],
        "invitations_sent": [
            {"email": each.email, "role": each.role, "invitation_id": each.id} for each in invited
        ],
    }


def teams(rows: Sequence[TeamView], total: int) -> Json:
    return {"teams": [team(row) for row in rows], "total": total}


def discovered(row: TeamView) -> Json:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "member_count": row.member_count,
        "created_at": row.created_at,
        "is_joinable": row.max_members is None or row.member_count < row.max_members,
    }


def member(row: Member) -> Json:
    return {
        "id": row.id,
        "team_id": row.team_id,
        "user_email": row.email,
        "role": row.role,
        "joined_at": row.joined_at,
        "invited_by": row.invited_by,
        "is_active": True,
        "grant_source": row.source,
    }


def invitation(row: Dated) -> Json:
    """Its token is shown once, when it is made."""
    at = row.invitation
    return {
        "id": at.id,
        "team_id": at.team_id,
        "team_name": at.team_name,
        "email": at.email,
        "role": at.role,
        "invited_by": at.invited_by,
        "invited_at": at.invited_at,
        "expires_at": at.expires_at,
        "token": None,
        "is_active": row.now < at.expires_at,
        "is_expired": row.now >= at.expires_at,
    }


def made_invitation(row: Dated, token: str, base: str) -> Json:
    return invitation(row) | {
        "token": token,
        "invitation_url": f"{base}/teams/invitations/{token}/accept",
        "email_delivery_status": "not_configured",
        "warning": "no email is sent: give the token to the one who is invited",
    }


def join_request(row: JoinRequest) -> Json:
    return {
        "id": row.id,
        "team_id": row.team_id,
        "team_name": row.team_name,
        "user_email": row.email,
        "message": row.message,
        "status": row.status,
        "requested_at": row.requested_at,
        "expires_at": row.expires_at,
    }
