"""Sessions of who logged in: a row of tokens, each issued for the one before it, that end together.

A token carries `sid`, its session, and `auth_time`, when its owner logged in. A session ends by
itself when its last token expires (so TOKEN_IDLE_TIMEOUT is in the tokens, and every process that
verifies one keeps to it), at SESSION_MAX_LIFETIME, and by a logout, which makes its tokens void.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from mcpgateway.common import ids
from mcpgateway.common.errors import LimitExceeded, Unauthenticated
from mcpgateway.control_plane.identity.tokens import Issuer
from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.people import account_ports
from mcpgateway.control_plane.registry.people.account_ports import LoginSession, Place
from mcpgateway.control_plane.registry.people.model import Revocation, User
from mcpgateway.control_plane.registry.ports import Ports

_MINUTE = 60  # seconds


class Issued(NamedTuple):
    """`expires_in` and `session_expires_in` in seconds."""

    token: str
    expires_in: int
    session: str
    session_expires_in: int


class LoginSessions:
    """`lifetime` of a session; `refreshes` of one in a minute."""

    def __init__(
        self,
        ports: Ports,
        sessions: account_ports.Sessions,
        issuer: Issuer,
        lifetime: timedelta,
        refreshes: int,
    ) -> None:
        self._ports = ports
        self._sessions = sessions
        self._issuer = issuer
        self._lifetime = lifetime
        self._refreshes = refreshes

    async def open(self, user: User, place: Place) -> Issued:
        """A session of its own for each login, whatever the caller had before."""
        now = self._ports.clock()
        session = LoginSession(
            id=ids.make_id(self._ports.entropy(16)),
            email=user.email,
            started_at=now,
            expires_at=now + self._lifetime,
            refreshed_at=now,
            tokens={},
            address=place.address,
            user_agent=place.user_agent,
        )
        issued, jti, times = self._issue(session, now)
        await self._sessions.open(msgspec.structs.replace(session, tokens={jti: times}))
        return issued

    async def refresh(self, email: str, jti: str) -> Issued:
        """For the token with this id, which was verified. Raises Unauthenticated where it is of no
        session that goes on, LimitExceeded."""
        now = self._ports.clock()
        session = await self._sessions.of_token(email, jti, now)
        if session is None:
            raise Unauthenticated("this token is of no session that goes on: log in again")
        issued, fresh, times = self._issue(session, now)
        if await self._sessions.refreshed(session.id, fresh, times, now, self._refreshes):
            return issued
        if await self._sessions.of_token(email, jti, now) is None:
            raise Unauthenticated("the session has ended: log in again")
        message = f"a session is refreshed {self._refreshes} times a minute at most"
        raise LimitExceeded(message, retry_after=_MINUTE)

    async def remaining(self, email: str, jti: str) -> int | None:
        """Seconds until the session of a token ends; None when it is of none."""
        now = self._ports.clock()
        session = await self._sessions.of_token(email, jti, now)
        return None if session is None else _seconds(session.expires_at - now)

    async def end(self, who: Who, jti: str, expires: float | None) -> None:
        """The token, which expires then (Unix seconds; None: never), and all others of its session
        are void from now on, at every replica."""
        now = self._ports.clock()
        session = await self._sessions.of_token(who.by, jti, now)
        # Not those of `session`: a refresh may have added one since.
        tokens = {} if session is None else await self._sessions.end(session.id, now)
        found: dict[str, float | None] = {id: end for id, (_, end) in tokens.items()}
        found[jti] = expires
        async with self._ports.store.write(who) as tx:
            await tx.revocations.save(
                [
                    Revocation(
                        id=id,
                        email=who.by,
                        reason="logout",
                        revoked_at=tx.at,
                        expires_at=None if end is None else datetime.fromtimestamp(end, now.tzinfo),
                    )
                    for id, end in found.items()
                    if end is None or end > now.timestamp()
                ]
            )

    def _issue(
        self, session: LoginSession, now: datetime
    ) -> tuple[Issued, str, tuple[float, float]]:
        entropy = self._ports.entropy(16)
        expires = min(int(now.timestamp()) + self._issuer.lifetime, session.expires_at.timestamp())
        claims = {
            "exp": int(expires),
            "sid": session.id,
            "auth_time": int(session.started_at.timestamp()),
        }
        token = self._issuer.issue(session.email, now, entropy, claims)
        left = _seconds(session.expires_at - now)
        issued = Issued(token, max(0, int(expires) - int(now.timestamp())), session.id, left)
        return issued, ids.make_id(entropy), (now.timestamp(), float(int(expires)))


def _seconds(length: timedelta) -> int:
    return max(0, int(length.total_seconds()))
