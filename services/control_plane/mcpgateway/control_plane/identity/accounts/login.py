"""Login by email and password. Failures take as long as successes, look alike whether there is
such a user or not, and are few: what is counted is the whole fleet's, by account and by address.
"""

from datetime import timedelta
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from mcpgateway.common.errors import Denied, LimitExceeded, Unauthenticated
from mcpgateway.control_plane.identity.accounts.events import AuthEvents
from mcpgateway.control_plane.identity.accounts.mails import Notices
from mcpgateway.control_plane.identity.accounts.passwords import MAX_PASSWORD, Passwords
from mcpgateway.control_plane.identity.accounts.sessions import Issued, LoginSessions
from mcpgateway.control_plane.identity.weak import well_known
from mcpgateway.control_plane.registry.people.account_ports import (
    Account,
    Accounts,
    Bound,
    Failures,
    Place,
    account_key,
)
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.settings.accounts import AccountSettings

_WRONG = "wrong email or password"
_IPV6_HOME = 64  # bits; whoever has an IPv6 address has all those of its /64


class PasswordChangeRequired(Denied):
    """The password is right, and has to be changed before it opens anything."""

    code = "password_change_required"


class LoginRules(NamedTuple):
    """`account` and `address` None: no lock. `max_age` None: passwords do not grow old."""

    account: Bound | None
    address: Bound | None
    max_age: timedelta | None = None
    enforced: bool = True
    refuse_well_known: bool = True


def rules_of(settings: AccountSettings) -> LoginRules:
    window = timedelta(minutes=settings.lockout_minutes)

    def bound(limit: int) -> Bound | None:
        return Bound(limit, window) if limit else None

    return LoginRules(
        bound(settings.max_failures),
        bound(settings.max_address_failures),
        timedelta(days=settings.password_days) if settings.password_days else None,
        settings.change_enforced,
        settings.detect_default and settings.change_default,
    )


class Session(NamedTuple):
    """`account` with what was known before this login."""

    issued: Issued
    account: Account


class Guard:
    """Lets attempts through while few enough have failed. Raises LimitExceeded for others, the same
    for accounts that there are not."""

    def __init__(self, failures: Failures, rules: LoginRules, ports: Ports) -> None:
        self._failures = failures
        self._rules = rules
        self._clock = ports.clock

    async def begin(self, email: str, place: Place) -> None:
        """What it lets through counts as failed until `succeeded`."""
        address = address_key(place.address)
        await self._begin(address, self._rules.address, "from your address")
        try:
            await self._begin(account_key(email), self._rules.account, "of this account")
        except LimitExceeded:
            await self._failures.give_back(address)
            raise

    async def failed(self, email: str, place: Place) -> bool:
        """Whether that locked the account just now."""
        now = self._clock()
        if self._rules.address:
            key = address_key(place.address)
            await self._failures.failed(key, self._rules.address, now)
        if self._rules.account is None:
            return False
        return await self._failures.failed(account_key(email), self._rules.account, now)

    async def succeeded(self, email: str, place: Place) -> None:
        """Of an address only this attempt is forgiven: who guesses may have an account himself."""
        await self._failures.give_back(address_key(place.address))
        await self._failures.forget(account_key(email))

    async def _begin(self, key: str, bound: Bound | None, whose: str) -> None:
        if bound is None:
            return
        now = self._clock()
        until = await self._failures.begin(key, bound, now)
        if until is not None:
            seconds = max(1, round((until - now).total_seconds()))
            message = f"too many failed logins {whose}: try again in {seconds} s"
            raise LimitExceeded(message, retry_after=seconds)


class Logins:
    def __init__(
        self,
        ports: Ports,
        accounts: Accounts,
        passwords: Passwords,
        sessions: LoginSessions,
        rules: LoginRules,
        notices: Notices,
    ) -> None:
        self._ports = ports
        self._accounts = accounts
        self._passwords = passwords
        self._sessions = sessions
        self._rules = rules
        self._notices = notices
        self._guard = Guard(accounts.failures, rules, ports)
        self._events = AuthEvents(accounts.events, ports.clock)

    async def login(self, email: str, password: str, place: Place) -> Session:
        """Raises what `check` raises, and PasswordChangeRequired."""
        user = await self.check(email, password, place)
        reason = self.must_change(user, password)
        if reason and self._rules.enforced:
            await self._events.note("login", user.email, place, success=False, reason=reason)
            raise PasswordChangeRequired(
                f"{reason}: change it with POST /auth/email/change-password, then log in"
            )
        account = await self._accounts.people.one(user.email, self._ports.clock())
        issued = await self.enter(user, place)
        return Session(issued, account or Account(user))

    async def check(self, email: str, password: str, place: Place) -> User:
        """Who has this email and password. Raises Unauthenticated, which does not tell whether
        there is such a user, and LimitExceeded."""
        email = email.strip().lower()
        await self._guard.begin(email, place)
        user = await self._ports.store.read.user(email)
        hash = user.password_hash if user else None
        right = await self._passwords.check(password[:MAX_PASSWORD], hash)
        if right and user is not None and user.active and not user.service:
            await self._guard.succeeded(email, place)
            return user
        locked = await self._guard.failed(email, place)
        await self._events.note("login", email, place, success=False, reason=_WRONG)
        if locked:
            await self._events.note("account_locked", email, place)
            self._notices.locked(email)
        raise Unauthenticated(_WRONG)

    async def enter(self, user: User, place: Place) -> Issued:
        """Opens a session for somebody who has shown who he is, by a password or otherwise."""
        issued = await self._sessions.open(user, place)
        await self._ports.store.note_login(user.email, self._ports.clock())
        await self._events.note("login", user.email, place)
        return issued

    async def left(self, email: str, place: Place) -> None:
        """Writes down that somebody logged out."""
        await self._events.note("logout", email, place)

    def must_change(self, user: User, password: str) -> str:
        """Why this password, which is right, has to be changed; empty when it has not."""
        if user.password_change_required:
            return "this password has to be changed"
        if self._rules.refuse_well_known and well_known(password):
            return "this password is a well-known default, and has to be changed"
        changed = user.password_changed_at or user.created_at
        if self._rules.max_age and changed + self._rules.max_age < self._ports.clock():
            return f"this password is over {self._rules.max_age.days} days old, and has expired"
        return ""


def address_key(address: str | None) -> str:
    """Of failed logins. Of an IPv6 address only the network counts that one customer has."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return f"address:{(address or '')[:64]}"
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped is not None:
            return f"address:{parsed.ipv4_mapped}"
        home = int(parsed) >> (128 - _IPV6_HOME) << (128 - _IPV6_HOME)
        return f"address:{IPv6Address(home)}/{_IPV6_HOME}"
    return f"address:{parsed}"
