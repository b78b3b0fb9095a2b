"""Access tokens for programs (client credentials): a service account's API token is the client, its
id the `client_id` and its secret part (or all of it) the `client_secret`.

What comes of it is never more than the API token is: its permissions, server, team, networks and
times go along, and it ends with it. It is short, for the API token may be narrowed meanwhile.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from mcpgateway.common import api_tokens, ids
from mcpgateway.common.policy.access import oauth_scopes
from mcpgateway.common.policy.access.narrowing import MADE_FROM
from mcpgateway.control_plane.identity.oauth_server import client_metadata, resources
from mcpgateway.control_plane.identity.oauth_server.client_auth import Shown
from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError, invalid_client
from mcpgateway.control_plane.identity.oauth_server.granting import Issued, Outside
from mcpgateway.control_plane.registry.people.model import ApiToken

LIFE = timedelta(minutes=5)

ReadToken = Callable[[str], Awaitable[ApiToken | None]]


class ServiceTokens:
    def __init__(self, outside: Outside, read: ReadToken) -> None:
        self._out = outside
        self._read = read

    async def issue(self, shown: Shown, parameters: Mapping[str, str], base: str) -> Issued:
        """Raises OAuthError."""
        token = await self._token(shown)
        if token.usage_limits:
            raise OAuthError(
                "unauthorized_client",
                "the API token has usage limits, which are counted for itself: call with it",
            )
        scopes = oauth_scopes.parse(parameters.get("scope", "")) or oauth_scopes.DEFAULT
        unknown = oauth_scopes.unknown(scopes)
        if unknown or oauth_scopes.OFFLINE in scopes:
            wrong = unknown[0] if unknown else oauth_scopes.OFFLINE
            raise OAuthError("invalid_scope", f"scope {wrong[:40]} can not be had in this way")
        resource = resources.checked(parameters.get("resource", ""), base)
        now = self._out.clock()
        until = min(now + LIFE, token.expires_at or now + LIFE)
        claims = {
            "aud": resource or self._out.audience,
            "exp": int(until.timestamp()),
            "client_id": token.id,
            "scope": " ".join(scopes),
            MADE_FROM: token.id,
            **_narrowing(token),
        }
        text = self._out.issuer.issue(token.email, now, self._out.entropy(16), claims)
        return Issued(text, int((until - now).total_seconds()), scopes, "")

    async def _token(self, shown: Shown) -> ApiToken:
        id = ids.as_id(shown.client_id)
        token = await self._read(id) if id else None
        if token is None or not _proves(shown, token):
            raise invalid_client(
                f"{client_metadata.CLIENT_CREDENTIALS} needs the id of an API token of a service"
                " account as client_id, and its secret as client_secret",
                challenge=shown.basic,
            )
        user = await self._out.user(token.email)
        if (
            user is None
            or not user.active
            or not _counts(token, user.not_before, self._out.clock())
        ):
            raise invalid_client("the API token counts no more", challenge=shown.basic)
        if not user.service:
            raise OAuthError(
                "unauthorized_client", "the API token is a person's: it must be a service account's"
            )
        return token


def _proves(shown: Shown, token: ApiToken) -> bool:
    whole = api_tokens.parse(shown.secret)
    if whole is not None and whole.id != token.id:
        return False
    secret = shown.secret if whole is None else whole.secret
    return api_tokens.Presented(token.id, secret).proves(token.sha256)


def _counts(token: ApiToken, not_before: float, now: datetime) -> bool:
    if not token.active or token.revoked_at is not None:
        return False
    if token.expires_at is not None and token.expires_at <= now:
        return False
    return token.created_at.timestamp() >= not_before


def _narrowing(token: ApiToken) -> dict[str, Any]:
    """As `common.policy.access.narrowing` reads it."""
    scopes = {
        "permissions": list(token.permissions),
        "server_id": token.server_id,
        "ip_restrictions": list(token.ip_restrictions),
        "time_restrictions": token.time_restrictions,
    }
    said = {name: value for name, value in scopes.items() if value}
    claims: dict[str, Any] = {"scopes": said} if said else {}
    return {**claims, "teams": [token.team_id]} if token.team_id else claims
