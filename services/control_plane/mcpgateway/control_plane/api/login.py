"""/auth/login: email and password for a token."""

from collections.abc import Sequence

from msgspec import UNSET
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mcpgateway.control_plane.api.http.exchange import at, json, read_object
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.http.operation import Operation, Shown
from mcpgateway.control_plane.identity.login import Logins, Session
from mcpgateway.control_plane.identity.passwords import MAX_PASSWORD

MAX_EMAIL = 255  # characters
_EMAIL: Schema = {"type": "string", "maxLength": MAX_EMAIL}
_PASSWORD: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_PASSWORD}


class Login:
    def __init__(self, logins: Logins) -> None:
        self._logins = logins

    def routes(self) -> Sequence[Route]:
        login = Operation(self.login, "A token for a password", {200: Shown(_session)}, (401, 429))
        return at("/auth/login", POST=login), at("/auth/email/login", POST=login)

    async def login(self, request: Request) -> Response:
        fields = Fields(await read_object(request))
        named = "username" if fields.raw("email") is UNSET else "email"
        if fields.raw(named, _EMAIL) is UNSET:
            named = "email"
        email = fields.filled(named, MAX_EMAIL, required=True)
        password = fields.raw("password", _PASSWORD)
        if not isinstance(password, str) or not 0 < len(password) <= MAX_PASSWORD:
            fields.problem("password", f"must be a string of 1 to {MAX_PASSWORD} characters")
        fields.check()
        session = await self._logins.login(str(email), str(password))
        return json(_session(session), headers={"cache-control": "no-store"})


def _session(session: Session) -> dict[str, object]:
    user = session.user
    return {
        "access_token": session.token,
        "token_type": "bearer",
        "expires_in": session.expires_in,
        "user": {
            "email": user.email,
            "full_name": user.full_name,
            "is_admin": user.admin,
            "is_active": user.active,
            "auth_provider": "local",
            "created_at": user.created_at,
            "last_login": session.last_login,
            "email_verified": True,
            "password_change_required": False,
            "failed_login_attempts": 0,
            "locked_until": None,
            "is_locked": False,
        },
    }
