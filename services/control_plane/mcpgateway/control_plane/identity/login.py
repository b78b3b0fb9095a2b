"""Login by email and password. Failures take as long as successes and are few a minute."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import NamedTuple

from mcpgateway.common.errors import LimitExceeded, Unauthenticated
from mcpgateway.control_plane.identity.passwords import MAX_PASSWORD, Passwords
from mcpgateway.control_plane.identity.tokens import Issuer
from mcpgateway.control_plane.registry.identities import User
from mcpgateway.control_plane.registry.ports import Ports

FAILURES = 5
WINDOW = timedelta(minutes=1)


class Session(NamedTuple):
    """`expires_in` in seconds. `last_login` is the one before this."""

    token: str
    expires_in: int
    user: User
    last_login: datetime | None


class Failures:
    """Recent failed logins by email, of this process. Full: the email that failed longest ago is
    forgotten."""

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._times: OrderedDict[str, list[datetime]] = OrderedDict()

    def check(self, email: str, now: datetime) -> None:
        """Raises LimitExceeded."""
        recent = self._recent(email, now)
        if len(recent) >= FAILURES:
            wait = recent[-FAILURES] + WINDOW - now
            seconds = max(1, round(wait.total_seconds()))
            message = f"too many failed logins: try again in {seconds} s"
            raise LimitExceeded(message, retry_after=seconds)

    def note(self, email: str, now: datetime) -> None:
        self._times[email] = [*self._recent(email, now), now]
        self._times.move_to_end(email)
        while len(self._times) > self._limit:
            self._times.popitem(last=False)

    def forget(self, email: str) -> None:
        self._times.pop(email, None)

    def _recent(self, email: str, now: datetime) -> list[datetime]:
        return [at for at in self._times.get(email, ()) if at + WINDOW > now]


class Logins:
    def __init__(self, ports: Ports, passwords: Passwords, issuer: Issuer) -> None:
        self._ports = ports
        self._passwords = passwords
        self._issuer = issuer
        self._failures = Failures()

    async def login(self, email: str, password: str) -> Session:
        """Raises Unauthenticated, which does not tell whether there is such a user, and
        LimitExceeded."""
        email = email.strip().lower()
        now = self._ports.clock()
        self._failures.check(email, now)
        # Counted before it is known, so that guesses sent at once count as well.
        self._failures.note(email, now)
        user = await self._ports.store.read.user(email)
        hash = user.password_hash if user else None
        right = await self._passwords.check(password[:MAX_PASSWORD], hash)
        if not right or user is None or not user.active:
            raise Unauthenticated("wrong email or password")
        self._failures.forget(email)
        last = await self._ports.store.read.last_login(email)
        await self._ports.store.note_login(email, now)
        token = self._issuer.issue(email, now, self._ports.entropy(16))
        return Session(token, self._issuer.lifetime, user, last)
