"""What only the control plane knows of who logs in: failed logins, sessions, old passwords, resets,
events. None of it has a revision. Ports, which `store.logins` and `store.accounts` implement; all
methods raise Unavailable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import msgspec

from mcpgateway.control_plane.registry.people.model import User


class Place(NamedTuple):
    """From where somebody logs in, as far as it is known."""

    address: str | None = None
    user_agent: str | None = None


class AuthEvent(msgspec.Struct, frozen=True, kw_only=True):
    """`email` as it was given: there may be no such user."""

    id: int = 0
    at: datetime
    email: str
    event_type: str
    success: bool
    address: str | None = None
    user_agent: str | None = None
    reason: str | None = None


class LoginSession(msgspec.Struct, frozen=True, kw_only=True):
    """`tokens`: the `jti` of those that may still count, with when they were issued and when they
    expire (Unix seconds)."""

    id: str
    email: str
    started_at: datetime
    expires_at: datetime
    refreshed_at: datetime
    tokens: dict[str, tuple[float, float]]
    address: str | None = None
    user_agent: str | None = None


class Account(NamedTuple):
    """A user with what is known of logins. `locked_until` None: not locked."""

    user: User
    last_login: datetime | None = None
    failures: int = 0
    locked_until: datetime | None = None


class Bound(NamedTuple):
    """`limit` failures within `window` of the first one lock for as long again."""

    limit: int
    window: timedelta


class Failures(Protocol):
    """Failed logins by key, for the whole fleet."""

    async def begin(self, key: str, bound: Bound, now: datetime) -> datetime | None:
        """Counts an attempt as failed before it is known whether it is, so that those made at once
        count as well. None: it may go on; else it may not before that time, and was not counted."""

    async def failed(self, key: str, bound: Bound, now: datetime) -> bool:
        """That it did fail; answers whether that locked it just now."""

    async def give_back(self, key: str) -> None:
        """The attempt begun last did not fail."""

    async def forget(self, key: str) -> None: ...


class Sessions(Protocol):
    async def open(self, session: LoginSession) -> None: ...

    async def of_token(self, email: str, jti: str, now: datetime) -> LoginSession | None:
        """The session of a token, unless it ended."""

    async def refreshed(
        self, id: str, jti: str, times: tuple[float, float], now: datetime, limit: int
    ) -> bool:
        """Adds a token, drops those that expired. False: the session ended meanwhile, or `limit`
        tokens were issued in the last minute."""

    async def end(self, id: str, now: datetime) -> Mapping[str, tuple[float, float]]:
        """Answers all its tokens, those too that were issued a moment ago; none when it has ended
        already."""

    async def end_all(self, email: str, now: datetime) -> None: ...


class OldPasswords(Protocol):
    async def last(self, email: str, count: int) -> list[str]:
        """Hashes, the newest first."""

    async def keep(self, email: str, hash: str, at: datetime, count: int) -> None:
        """Only the last `count` are kept."""


class Resets(Protocol):
    async def add(self, sha256: str, email: str, now: datetime, expires: datetime) -> None:
        """Earlier ones of the same user count no more."""

    async def find(self, sha256: str, now: datetime) -> tuple[str, datetime] | None:
        """Whose it is, and until when it counts."""

    async def take(self, sha256: str, now: datetime) -> str | None:
        """Whose it is; from now on it counts no more. Of several at once, one gets it."""


class Events(Protocol):
    async def note(self, event: AuthEvent) -> None: ...

    async def list(
        self, email: str | None, event_type: str | None, limit: int, offset: int
    ) -> Sequence[AuthEvent]:
        """The newest first; None: of all."""


class People(Protocol):
    async def list(
        self, search: str, limit: int, offset: int, now: datetime
    ) -> tuple[list[Account], int]:
        """Those whose email or name holds the text, by email, and how many there are."""

    async def one(self, email: str, now: datetime) -> Account | None: ...


class Housekeeping(Protocol):
    async def prune(self, now: datetime, events_before: datetime) -> None:
        """Removes what counts no more: old failures, sessions, resets and events."""

    async def expired_revocations(self, now: datetime) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Accounts:
    """All of them."""

    failures: Failures
    sessions: Sessions
    old_passwords: OldPasswords
    resets: Resets
    events: Events
    people: People
    housekeeping: Housekeeping


def account_key(email: str) -> str:
    """Of failed logins, whether there is such a user or not."""
    return f"account:{email}"
