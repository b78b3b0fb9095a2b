"""Tells who makes a request from its Authorization header."""

import base64
import binascii
import hmac
from collections.abc import Callable
from datetime import datetime

from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.tokens import verify
from mcpgateway.control_plane.identity import tokens
from mcpgateway.control_plane.registry.identities import User
from mcpgateway.control_plane.registry.model import Caller, Viewer
from mcpgateway.control_plane.registry.ports import Reader
from mcpgateway.control_plane.settings import Settings


class Authenticator:
    """Bearer tokens; HTTP Basic when allowed; nobody at all when AUTH_REQUIRED is off, which
    makes an anonymous request the administrator's."""

    def __init__(self, settings: Settings, read: Reader, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._read = read
        self._clock = clock
        self._keys = tokens.verify_keys(settings)
        self._rules = tokens.rules(settings)

    async def caller(self, authorization: str | None) -> Caller:
        """Raises Unauthenticated, saying what is wrong with what was sent."""
        if not authorization:
            if self._settings.auth_required:
                raise Unauthenticated("an Authorization header with a Bearer token is needed")
            return Caller(Viewer(self._settings.admin_email.lower(), admin=True))
        scheme, _, value = authorization.strip().partition(" ")
        if scheme.lower() == "bearer":
            return await self._by_token(value.strip())
        if scheme.lower() == "basic" and self._settings.basic_allowed:
            return await self._by_password(value.strip())
        offered = "Bearer or Basic" if self._settings.basic_allowed else "Bearer"
        raise Unauthenticated(f"the Authorization scheme must be {offered}")

    async def _by_token(self, token: str) -> Caller:
        claims = verify(token, self._keys, self._rules, self._clock().timestamp())
        user = await self._active(claims.subject)
        if claims.issued < user.not_before:
            raise Unauthenticated("token was revoked")
        return Caller(_viewer(user), claims.jti)

    async def _by_password(self, encoded: str) -> Caller:
        try:
            pair = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise Unauthenticated("Basic credentials must be base64 of user:password") from None
        right = f"{self._settings.basic_user}:{self._settings.basic_password}".encode()
        if not hmac.compare_digest(pair, right):
            raise Unauthenticated("wrong user or password")
        return Caller(_viewer(await self._active(self._settings.admin_email.lower())))

    async def _active(self, email: str) -> User:
        user = await self._read.user(email)
        if user is None or not user.active:
            raise Unauthenticated("token names no active user")
        return user


def _viewer(user: User) -> Viewer:
    return Viewer(user.email, user.admin, user.teams)
