"""Users, sessions and events as the API shows them. Never a hash."""

from typing import Any

from mcpgateway.control_plane.identity.accounts.login import Session
from mcpgateway.control_plane.identity.accounts.sessions import Issued
from mcpgateway.control_plane.registry.people.account_ports import Account, AuthEvent


def user(account: Account) -> dict[str, Any]:
    row = account.user
    return {
        "email": row.email,
        "full_name": row.full_name,
        "is_admin": row.admin,
        "is_active": row.active,
        "is_service": row.service,
        "auth_provider": row.auth_provider,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "last_login": account.last_login,
        "email_verified": row.email_verified,
        "password_change_required": row.password_change_required,
        "password_changed_at": row.password_changed_at,
        "failed_login_attempts": account.failures,
        "locked_until": account.locked_until,
        "is_locked": account.locked_until is not None,
        "teams": list(row.teams),
        "attributes": row.attributes,
    }


def page(accounts: list[Account], total: int, limit: int, offset: int) -> dict[str, Any]:
    shown = [user(account) for account in accounts]
    return {"users": shown, "total_count": total, "limit": limit, "offset": offset}


def session(opened: Session) -> dict[str, Any]:
    return {**issued(opened.issued), "user": user(opened.account)}


def issued(token: Issued) -> dict[str, Any]:
    """`expires_in` and `session_expires_in` in seconds."""
    return {
        "access_token": token.token,
        "token_type": "bearer",
        "expires_in": token.expires_in,
        "session_expires_in": token.session_expires_in,
    }


def event(row: AuthEvent) -> dict[str, Any]:
    return {
        "id": row.id,
        "timestamp": row.at,
        "user_email": row.email,
        "event_type": row.event_type,
        "success": row.success,
        "ip_address": row.address,
        "user_agent": row.user_agent,
        "failure_reason": None if row.success else row.reason,
        "reason": row.reason,
    }


def done(message: str) -> dict[str, Any]:
    return {"success": True, "message": message}
