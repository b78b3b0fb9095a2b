"""Codes and tokens: how a family of them begins, goes on and ends.

Rule 1: a code and a refresh token count once. One that comes a second time was stolen, or the one
        before it was: the whole family ends, and access tokens of it that live are revoked.
Rule 2: nothing grows: neither scopes nor the resource at a refresh, nor the life of a family whose
        user said nothing of `offline_access`.
Rule 3: whoever may not log in any more refreshes nothing either.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from mcpgateway.common import ids, seal
from mcpgateway.common.policy.access import oauth_scopes
from mcpgateway.control_plane.identity.oauth_server import client_metadata
from mcpgateway.control_plane.identity.oauth_server.authorization import Asked
from mcpgateway.control_plane.identity.oauth_server.client_auth import digest
from mcpgateway.control_plane.identity.oauth_server.errors import invalid_grant
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.people.oauth_server import (
    Access,
    Client,
    Device,
    Grant,
    Handle,
    OAuthStore,
)

CODE_LIFE = timedelta(seconds=60)
_SWEEP = timedelta(minutes=10)
ONLINE_LIFE = timedelta(hours=8)  # of a family without offline_access, from its beginning on


class Issues(Protocol):
    """Makes a token of ours; `entropy` becomes its `jti`, `more` are claims beside the usual."""

    def issue(
        self, email: str, now: datetime, entropy: bytes, more: Mapping[str, Any] | None = None
    ) -> str: ...


class Revoke(Protocol):
    """Makes access tokens of somebody count no more, for a reason; `by` whom that is."""

    async def __call__(
        self, email: str, tokens: Sequence[Access], reason: str, by: str
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class Lives:
    """`access` of an access token; `refresh` of a refresh token since it was issued."""

    access: timedelta = timedelta(hours=1)
    refresh: timedelta = timedelta(days=30)


class Issued(NamedTuple):
    """The answer of the token endpoint."""

    access_token: str
    expires_in: int
    scopes: tuple[str, ...]
    refresh_token: str

    @property
    def body(self) -> dict[str, object]:
        body: dict[str, object] = {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "scope": " ".join(self.scopes),
        }
        return {**body, "refresh_token": self.refresh_token} if self.refresh_token else body


@dataclass(frozen=True, slots=True)
class Outside:
    """What granting needs of the outside. `audience`: of tokens that are for no resource alone."""

    store: OAuthStore
    user: Callable[[str], Awaitable[User | None]]
    issuer: Issues
    revoke: Revoke
    clock: Callable[[], datetime]
    entropy: Callable[[int], bytes]
    audience: str
    lives: Lives


class _Made(NamedTuple):
    issued: Issued
    access: Access
    refresh: Handle | None


class Granting:
    def __init__(self, outside: Outside) -> None:
        self._out = outside
        self._swept: datetime | None = None

    def new_grant(
        self, client_id: str, email: str, scopes: tuple[str, ...], resource: str
    ) -> Grant:
        return Grant(
            id=ids.make_id(self._out.entropy(16)),
            client_id=client_id,
            email=email,
            scopes=scopes,
            resource=resource,
            created_at=self._out.clock(),
        )

    async def code(self, email: str, asked: Asked) -> str:
        """An authorization code for what the user agreed to."""
        grant = self.new_grant(asked.client_id, email, asked.scopes, asked.resource)
        text = self._secret()
        handle = Handle(
            sha256=digest(text),
            kind="code",
            grant_id=grant.id,
            expires_at=grant.created_at + CODE_LIFE,
            redirect_uri=asked.redirect_uri,
            challenge=asked.challenge,
        )
        await self._out.store.start(grant, handle)
        await self._sweep(grant.created_at)
        return text

    async def _sweep(self, now: datetime) -> None:
        """What has expired goes while something new comes, once in a while."""
        if self._swept is None or now - self._swept > _SWEEP:
            self._swept = now
            await self._out.store.sweep(now)

    async def redeem(
        self, client: Client, handle: Handle, grant: Grant, scopes: tuple[str, ...]
    ) -> Issued:
        """Tokens for a code or a refresh token that is the client's. `scopes`: no more than those
        of the family. Raises OAuthError."""
        now = self._out.clock()
        if handle.spent_at is not None:
            await self.end(grant, f"its {handle.kind} came twice")
            raise invalid_grant(f"the {handle.kind} was used before: ask the user again")
        if handle.expires_at <= now:
            raise invalid_grant(f"the {handle.kind} has expired")
        await self._check_user(grant)
        made = self._make(client, grant, scopes, now)
        if not await self._out.store.redeem(handle, made.access, made.refresh, now):
            await self.end(grant, f"its {handle.kind} came twice")
            raise invalid_grant(f"the {handle.kind} was used before: ask the user again")
        return made.issued

    async def redeem_device(self, client: Client, device: Device, grant: Grant) -> Issued:
        """Raises OAuthError."""
        await self._check_user(grant)
        made = self._make(client, grant, grant.scopes, self._out.clock())
        if await self._out.store.redeem_device(device, made.access, made.refresh) is None:
            raise invalid_grant("the device_code was used before")
        return made.issued

    async def end(self, grant: Grant, reason: str) -> None:
        live = await self._out.store.end(grant.id, self._out.clock())
        if live:
            await self._out.revoke(grant.email, live, reason, grant.email)

    async def withdraw(self, email: str, client_id: str, by: str) -> None:
        """Ends all families of a client that act for a user, and asks him again another time."""
        live = await self._out.store.withdraw(email, client_id, self._out.clock())
        if live:
            await self._out.revoke(email, live, "the consent was withdrawn", by)

    async def _check_user(self, grant: Grant) -> None:
        user = await self._out.user(grant.email)
        if user is None or not user.active or grant.created_at.timestamp() < user.not_before:
            await self.end(grant, "its user may not log in any more")
            raise invalid_grant("the user may not log in any more, or has to do it again")

    def _make(self, client: Client, grant: Grant, scopes: tuple[str, ...], now: datetime) -> _Made:
        entropy = self._out.entropy(16)
        access = Access(ids.make_id(entropy), now + self._out.lives.access)
        claims = {
            "aud": grant.resource or self._out.audience,
            "exp": int(access.expires_at.timestamp()),
            "client_id": grant.client_id,
            "scope": " ".join(scopes),
        }
        token = self._out.issuer.issue(grant.email, now, entropy, claims)
        text, refresh = "", self._refresh_until(client, grant, now)
        handle = None
        if refresh is not None:
            text = self._secret()
            handle = Handle(
                sha256=digest(text), kind="refresh", grant_id=grant.id, expires_at=refresh
            )
        lifetime = int(self._out.lives.access.total_seconds())
        return _Made(Issued(token, lifetime, scopes, text), access, handle)

    def _refresh_until(self, client: Client, grant: Grant, now: datetime) -> datetime | None:
        if client_metadata.REFRESH not in client.metadata.grant_types:
            return None
        if oauth_scopes.OFFLINE in grant.scopes:
            return now + self._out.lives.refresh
        return grant.created_at + ONLINE_LIFE

    def _secret(self) -> str:
        return seal.to_text(self._out.entropy(32))
