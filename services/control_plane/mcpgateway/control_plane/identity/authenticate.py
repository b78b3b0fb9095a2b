"""Tells who makes a request from its Authorization header, by the same rules as a data plane."""

import base64
import binascii
import hmac
from collections.abc import Callable
from datetime import datetime

from mcpgateway.common import api_tokens
from mcpgateway.common.errors import Unauthenticated
from mcpgateway.common.policy.access.narrowing import made_from, scope_of
from mcpgateway.common.tokens import Claims, UnknownSigner, verify_any
from mcpgateway.control_plane.identity import tokens
from mcpgateway.control_plane.identity.provider_keys import ProviderKeys
from mcpgateway.control_plane.registry.access.callers import subject_of, token_scope, viewer_of
from mcpgateway.control_plane.registry.model import Caller, Viewer
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.ports import Reader
from mcpgateway.control_plane.settings.process import Settings


class Authenticator:
    """Bearer tokens; HTTP Basic when allowed; nobody at all when AUTH_REQUIRED is off, which
    makes an anonymous request the administrator's."""

    def __init__(self, settings: Settings, read: Reader, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._read = read
        self._clock = clock
        self._trusted = tokens.trusted(settings)
        self._providers = ProviderKeys(read)

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

    async def _by_token(self, text: str) -> Caller:
        if not text:
            raise Unauthenticated("Authorization: Bearer must be followed by a token")
        if api_tokens.is_meant(text):
            return await self._by_api_token(text)
        claims = await self._verified(text)
        revoked, user = await self._read.access.presented(claims.jti or "", claims.subject)
        if revoked:
            raise Unauthenticated("token was revoked")
        user = await self._active(claims.subject, user)
        if claims.issued < user.not_before:
            raise Unauthenticated("token was revoked: it is older than its subject allows")
        await self._check_made_from(claims, user)
        subject = subject_of(
            user,
            self._clock(),
            scope=scope_of(claims.raw),
            claims=claims.lasting,
            token=claims.jti or "",
            chain=claims.chain,
        )
        return Caller(viewer_of(subject), claims.jti)

    async def _check_made_from(self, claims: Claims, user: User) -> None:
        """A token that was made from an API token ends with it. Raises Unauthenticated."""
        id = made_from(claims.raw)
        if not id:
            return
        row = await self._read.tokens.one(id)
        if row is None or not row.active or row.email != user.email:
            raise Unauthenticated("token was revoked: the API token that it was made from ended")

    async def _verified(self, text: str) -> Claims:
        """By a key of the settings, else by one of an identity provider."""
        now = self._clock().timestamp()
        try:
            return verify_any(text, self._trusted, now)[0]
        except UnknownSigner:
            return verify_any(text, await self._providers.current(), now)[0]

    async def _by_api_token(self, text: str) -> Caller:
        presented = api_tokens.parse(text)
        row = None if presented is None else await self._read.tokens.one(presented.id)
        if presented is None or row is None or not presented.proves(row.sha256) or not row.active:
            raise Unauthenticated("API token is not known here, or was revoked")
        now = self._clock()
        if row.expires_at is not None and row.expires_at <= now:
            raise Unauthenticated("API token has expired")
        user = await self._active(row.email)
        subject = subject_of(user, now, scope=token_scope(row), token=row.id)
        return Caller(viewer_of(subject), row.id)

    async def _by_password(self, encoded: str) -> Caller:
        try:
            pair = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            raise Unauthenticated("Basic credentials must be base64 of user:password") from None
        right = f"{self._settings.basic_user}:{self._settings.basic_password}".encode()
        if not hmac.compare_digest(pair, right):
            raise Unauthenticated("wrong user or password")
        return Caller(self._viewer(await self._active(self._settings.admin_email.lower())))

    async def _active(self, email: str, known: User | None = None) -> User:
        """`known`: the one of exactly this email, if it was read already."""
        user = known or await self._read.user(email) or await self._read.user(email.lower())
        if user is None or not user.active:
            raise Unauthenticated("token names no active user")
        return user

    def _viewer(self, user: User) -> Viewer:
        return viewer_of(subject_of(user, self._clock()))
