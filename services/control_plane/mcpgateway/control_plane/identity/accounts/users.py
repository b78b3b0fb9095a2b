"""The one way to make a user: a person, or with `service` a program of its own. Whoever makes
users (administrators, self-registration, single sign-on, the start) calls `create`, so that all
of them come with the same things.

What becomes of users later is in `user_changes`; how they log in, in `login`.
"""

import re
from typing import Any

import msgspec

from mcpgateway.common.errors import Conflict, FieldProblem, InvalidCall
from mcpgateway.control_plane.registry.access import roles
from mcpgateway.control_plane.registry.people.model import User
from mcpgateway.control_plane.registry.ports import Ports, WriteTx
from mcpgateway.control_plane.registry.teams.personal_teams import make_personal

MAX_EMAIL = 255  # characters
MAX_NAME = 255
EMAIL_PATTERN = r"^[^@\s\x00-\x1f\x7f<>\"(),:;\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$"
_EMAIL = re.compile(EMAIL_PATTERN)


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    """`password_hash` None: nobody logs in by password, as of service accounts and of who comes by
    single sign-on."""

    email: str
    full_name: str | None = None
    password_hash: str | None = None
    admin: bool = False
    active: bool = True
    service: bool = False
    auth_provider: str = "local"
    email_verified: bool = True
    attributes: dict[str, Any] = {}
    password_change_required: bool = False


def normal_email(text: str) -> str:
    """As it is kept: without space around, in lower case. Raises InvalidCall."""
    email = text.strip().lower()
    if len(email) > MAX_EMAIL or not _EMAIL.fullmatch(email):
        problem = f"must be an email address of at most {MAX_EMAIL} characters"
        raise InvalidCall(f"email {problem}", errors=[FieldProblem("email", problem, "email")])
    return email


async def create(tx: WriteTx, new: NewUser, ports: Ports, by: str) -> User:
    """In the caller's transaction, at its time, with the default role and, where
    the settings say so, a team of his own. `by`: the email of who makes
    the user, or "system". Raises InvalidCall for what is no email address, Conflict where there is
    such a user, and Unavailable where a setting names a role that is not there."""
    email = normal_email(new.email)
    if await tx.users.get([email]):
        raise Conflict(f"there is a user {email} already")
    user = User(
        **msgspec.structs.asdict(new) | {"email": email},
        password_changed_at=tx.at if new.password_hash else None,
        created_at=tx.at,
        updated_at=tx.at,
    )
    await tx.users.save([user])
    await roles.default_grant(tx, email, ports.default_roles, admin=user.admin, by=by)
    if ports.teams.personal:
        await make_personal(tx, user, ports.default_roles, prefix=ports.teams.personal_prefix)
    [made] = await tx.users.get([email])  # with the team and the role
    return made
