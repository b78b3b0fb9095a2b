"""What the routes of who logs in are made of."""

from dataclasses import dataclass

from mcpgateway.control_plane.api.http.cookies import Cookies
from mcpgateway.control_plane.identity.accounts.login import Logins
from mcpgateway.control_plane.identity.accounts.password_changes import PasswordChanges, Resets
from mcpgateway.control_plane.identity.accounts.registration import Registration
from mcpgateway.control_plane.identity.accounts.sessions import LoginSessions
from mcpgateway.control_plane.identity.accounts.user_changes import Users
from mcpgateway.control_plane.registry.people.account_ports import Events


@dataclass(frozen=True, slots=True)
class Accounts:
    logins: Logins
    sessions: LoginSessions
    changes: PasswordChanges
    resets: Resets
    registration: Registration
    users: Users
    events: Events
    cookies: Cookies
