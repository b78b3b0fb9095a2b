"""The part of the composition root that is of who logs in."""

from datetime import timedelta
from typing import NamedTuple

from mcpgateway.common.runtime.tasks import together
from mcpgateway.control_plane.api.http.cookies import Cookies
from mcpgateway.control_plane.api.identity.parts import Accounts
from mcpgateway.control_plane.identity.accounts.events import AuthEvents
from mcpgateway.control_plane.identity.accounts.housekeeping import Housekeeper
from mcpgateway.control_plane.identity.accounts.login import Logins, rules_of
from mcpgateway.control_plane.identity.accounts.mails import Errands, Notices
from mcpgateway.control_plane.identity.accounts.password_changes import (
    NewPasswords,
    PasswordChanges,
    Resets,
    reset_rules,
)
from mcpgateway.control_plane.identity.accounts.password_policy import policy_of
from mcpgateway.control_plane.identity.accounts.passwords import Passwords
from mcpgateway.control_plane.identity.accounts.registration import Registration
from mcpgateway.control_plane.identity.accounts.sessions import LoginSessions
from mcpgateway.control_plane.identity.accounts.smtp import SmtpMailer, server_of
from mcpgateway.control_plane.identity.accounts.user_changes import Users
from mcpgateway.control_plane.identity.tokens import Issuer
from mcpgateway.control_plane.registry.people.account_ports import Bound
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.settings.process import Settings
from mcpgateway.control_plane.store.people.accounts import postgres_accounts
from mcpgateway.control_plane.store.people.logins import Pool

_REGISTRATIONS = Bound(10, timedelta(hours=1))  # from one address


class AccountParts(NamedTuple):
    accounts: Accounts
    passwords: Passwords
    errands: Errands
    housekeeper: Housekeeper

    async def run(self) -> None:
        """What is done beside requests."""
        await together(self.errands.run(), self.housekeeper.run())


def make_accounts(
    settings: Settings, ports: Ports, pool: Pool, passwords: Passwords
) -> AccountParts:
    kept, errands = postgres_accounts(pool), Errands()
    server = server_of(settings)
    mailer = SmtpMailer(server) if server else None
    notices = Notices(mailer, errands, ports.store.read)
    locked = Notices(mailer if settings.lockout_mail else None, errands, ports.store.read)
    events = AuthEvents(kept.events, ports.clock)
    new = NewPasswords(ports, kept, passwords, policy_of(settings))
    sessions = LoginSessions(
        ports,
        kept.sessions,
        Issuer(settings),
        timedelta(minutes=settings.session_minutes),
        settings.refresh_limit,
    )
    logins = Logins(ports, kept, passwords, sessions, rules_of(settings), locked)
    by_mail = mailer if settings.reset_enabled else None
    rules = reset_rules(settings, settings.public_url)
    accounts = Accounts(
        logins=logins,
        sessions=sessions,
        changes=PasswordChanges(new, logins, notices, events),
        resets=Resets(ports, kept, new, rules, by_mail, errands),
        registration=Registration(
            ports, kept.failures, new, events, _REGISTRATIONS if settings.registration else None
        ),
        users=Users(ports, kept, new, events),
        events=kept.events,
        cookies=Cookies.of(settings),
    )
    keeper = Housekeeper(ports, kept.housekeeping, timedelta(days=settings.event_days))
    return AccountParts(accounts, passwords, errands, keeper)
