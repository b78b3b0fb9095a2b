"""How a password becomes another one: by its owner, by an administrator, by a link in a mail.

Whichever way, the new one must follow the policy, the account is unlocked, and all tokens and
sessions of before end at every replica.
"""

import base64
import hashlib
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from mcpgateway.common.errors import Denied, InvalidCall, LimitExceeded, NotFound
from mcpgateway.control_plane.identity.accounts.events import AuthEvents
from mcpgateway.control_plane.identity.accounts.login import Logins, address_key
from mcpgateway.control_plane.identity.accounts.mails import Errands, Mail, Mailer, Notices
from mcpgateway.control_plane.identity.accounts.password_policy import PasswordPolicy, refuse
from mcpgateway.control_plane.identity.accounts.passwords import Passwords
from mcpgateway.control_plane.registry.model import Who
from mcpgateway.control_plane.registry.people.account_ports import (
    Accounts,
    Bound,
    Place,
    account_key,
)
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.ports import Ports, WriteTx
from mcpgateway.control_plane.settings.accounts import AccountSettings

MAX_TOKEN = 128  # characters of a reset token; ours have 43


class NewPasswords:
    """What a new password must be, and how it is kept."""

    def __init__(
        self, ports: Ports, accounts: Accounts, passwords: Passwords, policy: PasswordPolicy
    ) -> None:
        self._ports = ports
        self._accounts = accounts
        self._passwords = passwords
        self._policy = policy

    async def first(self, password: str, email: str, *, admin: bool, field: str) -> str:
        """The hash of a new user's. Raises InvalidCall, LimitExceeded."""
        self._policy.check(password, email, admin=admin, field=field)
        return await self._passwords.hash(password)

    async def next(self, user: User, password: str, field: str) -> str:
        """The hash of another one for this user. Raises InvalidCall, LimitExceeded."""
        self._policy.check(password, user.email, admin=user.admin, field=field)
        before = [user.password_hash] if user.password_hash else []
        if self._policy.history:
            before += await self._accounts.old_passwords.last(user.email, self._policy.history)
        for old in before:
            if await self._passwords.check(password, old):
                refuse(["must be another one than the last ones"], field)
        return await self._passwords.hash(password)

    async def replaced(self, user: User, at: datetime) -> None:
        """After the write that replaced the password that `user` has."""
        if user.password_hash and self._policy.history:
            keep = self._accounts.old_passwords.keep
            await keep(user.email, user.password_hash, at, self._policy.history)
        await self._accounts.failures.forget(account_key(user.email))

    async def keep(self, user: User, hash: str, who: Who, *, ends: bool = True) -> None:
        """`ends`: what was issued before is void. Raises NotFound when the user was removed
        meanwhile."""
        async with self._ports.store.write(who) as tx:
            await tx.users.save([await with_password(tx, user.email, hash, ends=ends)])
        await self.replaced(user, tx.at)
        if ends:
            await self._accounts.sessions.end_all(user.email, tx.at)


async def with_password(tx: WriteTx, email: str, hash: str, *, ends: bool) -> User:
    """Raises NotFound."""
    found = await tx.users.get([email])
    if not found:
        raise NotFound(f"no user {email!r}")
    return msgspec.structs.replace(
        found[0],
        version=found[0].version + 1,
        password_hash=hash,
        password_change_required=False,
        password_changed_at=tx.at,
        not_before=tx.at.timestamp() if ends else found[0].not_before,
        updated_at=tx.at,
    )


class PasswordChanges:
    """By the owner, who knows the old one. It counts as a login: with a wrong old password it fails
    as one, and locks as one."""

    def __init__(
        self, new: NewPasswords, logins: Logins, notices: Notices, events: AuthEvents
    ) -> None:
        self._new = new
        self._logins = logins
        self._notices = notices
        self._events = events

    async def change(self, email: str, old: str, new: str, place: Place) -> None:
        """Raises what `Logins.check` raises, and InvalidCall."""
        user = await self._logins.check(email, old, place)
        hash = await self._new.next(user, new, "new_password")
        who = Who(by=user.email, from_ip=place.address, user_agent=place.user_agent)
        await self._new.keep(user, hash, who)
        await self._events.note("password_change", user.email, place)
        self._notices.password_changed(user.email)


class ResetRules(NamedTuple):
    """`page`: the URL of the page for new passwords, to which the token is added."""

    page: str
    lifetime: timedelta
    bound: Bound
    ends_sessions: bool = True


def reset_rules(settings: AccountSettings, public_url: str) -> ResetRules:
    return ResetRules(
        f"{public_url.rstrip('/')}/admin/reset-password/",
        timedelta(minutes=settings.reset_minutes),
        Bound(settings.reset_limit, timedelta(minutes=settings.reset_window)),
        settings.reset_ends_sessions,
    )


class Resets:
    """By a link in a mail, for users with a password. `mailer` None: there are no mails."""

    def __init__(
        self,
        ports: Ports,
        accounts: Accounts,
        new: NewPasswords,
        rules: ResetRules,
        mailer: Mailer | None,
        errands: Errands,
    ) -> None:
        self._ports = ports
        self._accounts = accounts
        self._new = new
        self._rules = rules
        self._mailer = mailer
        self._errands = errands
        self._events = AuthEvents(accounts.events, ports.clock)

    async def ask(self, email: str, place: Place) -> None:
        """The same for users that there are and that there are not. Raises LimitExceeded, Denied
        where there is no mail."""
        mailer = self._mailer
        if mailer is None:
            raise Denied("passwords are not reset by mail here: ask an administrator")
        email = email.strip().lower()
        for key in (f"reset:{email}", f"reset-{address_key(place.address)}"):
            await self._within(key)

        async def errand() -> None:
            await self._send(mailer, email, place)

        self._errands.soon(errand)

    async def valid_until(self, token: str) -> datetime | None:
        """None: it does not count, or no more."""
        found = await self._accounts.resets.find(_hashed(token), self._ports.clock())
        return found[1] if found else None

    async def complete(self, token: str, password: str, place: Place) -> None:
        """Raises InvalidCall. A password that is refused does not use the link up."""
        sha256, now = _hashed(token), self._ports.clock()
        found = await self._accounts.resets.find(sha256, now)
        user = await self._ports.store.read.user(found[0]) if found else None
        if user is None or not _resettable(user):
            raise InvalidCall("this link does not count any more: ask for a new one")
        hash = await self._new.next(user, password, "new_password")
        if await self._accounts.resets.take(sha256, now) is None:
            raise InvalidCall("this link was used meanwhile: ask for a new one")
        who = Who(by=user.email, from_ip=place.address, via="reset", user_agent=place.user_agent)
        await self._new.keep(user, hash, who, ends=self._rules.ends_sessions)
        await self._events.note("password_reset", user.email, place)

    async def _within(self, key: str) -> None:
        now = self._ports.clock()
        until = await self._accounts.failures.begin(key, self._rules.bound, now)
        if until is not None:
            seconds = max(1, round((until - now).total_seconds()))
            raise LimitExceeded(
                f"too many resets were asked for: try again in {seconds} s", retry_after=seconds
            )

    async def _send(self, mailer: Mailer, email: str, place: Place) -> None:
        user = await self._ports.store.read.user(email)
        known = user is not None and _resettable(user)
        await self._events.note("password_reset_requested", email, place, success=known)
        if not known:
            return
        token = base64.urlsafe_b64encode(self._ports.entropy(32)).decode().rstrip("=")
        now, lifetime = self._ports.clock(), self._rules.lifetime
        await self._accounts.resets.add(_hashed(token), email, now, now + lifetime)
        minutes = round(lifetime.total_seconds() / 60)
        text = (
            "Somebody, we hope you, asked for a new password for your account.\n\n"
            f"Choose one within {minutes} minutes at\n\n    {self._rules.page}{token}\n\n"
            "The link works once. If you did not ask for it, nothing needs to be done."
        )
        await mailer.send(Mail(email, "A new password for your account", text))


def _resettable(user: User) -> bool:
    """Who comes by single sign-on has no password here, and gets none by a mail."""
    return user.active and not user.service and user.password_hash is not None


def _hashed(token: str) -> str:
    return hashlib.sha256(token[:MAX_TOKEN].encode()).hexdigest()
