"""What requests about users say."""

from msgspec import UNSET, UnsetType
from starlette.requests import Request

from mcpgateway.control_plane.api.http.exchange import actor_of
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Schema
from mcpgateway.control_plane.api.identity.shared import email
from mcpgateway.control_plane.identity.accounts.passwords import MAX_PASSWORD
from mcpgateway.control_plane.identity.accounts.user_changes import PERMISSION, Edit
from mcpgateway.control_plane.identity.accounts.users import MAX_NAME, NewUser
from mcpgateway.control_plane.registry.actor import Actor
from mcpgateway.control_plane.registry.people.account_ports import Place

_AGENT = 512  # characters
_PASSWORD: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_PASSWORD}


def place_of(request: Request) -> Place:
    agent = request.headers.get("user-agent", "")[:_AGENT] or None
    return Place(request.client.host if request.client else None, agent)


def administers(request: Request) -> Actor:
    """Raises Denied."""
    actor = actor_of(request)
    actor.check(PERMISSION, "manage users")
    return actor


def password(fields: Fields, name: str, *, required: bool = True) -> str | UnsetType:
    """As it was given: no space is taken away."""
    said = fields.raw(name, _PASSWORD)
    if said is UNSET:
        if required:
            fields.problem(name, "is required", "missing")
        return UNSET
    if not isinstance(said, str) or not 0 < len(said) <= MAX_PASSWORD:
        fields.problem(name, f"must be a string of 1 to {MAX_PASSWORD} characters", "string")
        return UNSET
    return said


def new_user(fields: Fields) -> tuple[NewUser, str | None]:
    """A user as an administrator makes one, and his password."""
    service = fields.boolean("is_service") is True
    secret = password(fields, "password", required=not service)
    name = fields.text("full_name", MAX_NAME)
    active = fields.boolean("is_active")
    new = NewUser(
        email=email(fields),
        full_name=name or None if isinstance(name, str) else None,
        admin=fields.boolean("is_admin") is True,
        active=active is not False,
        service=service,
        attributes=_attributes(fields) or {},
        password_change_required=fields.boolean("password_change_required") is True,
    )
    return new, secret if isinstance(secret, str) else None


def edit(fields: Fields) -> Edit:
    name = fields.text("full_name", MAX_NAME)
    return Edit(
        full_name=name or None if isinstance(name, str) else UNSET,
        admin=fields.boolean("is_admin"),
        active=fields.boolean("is_active"),
        email_verified=fields.boolean("email_verified"),
        password_change_required=fields.boolean("password_change_required"),
        password=password(fields, "password", required=False),
        attributes=UNSET if (said := _attributes(fields)) is None else said,
    )


def _attributes(fields: Fields) -> dict[str, object] | None:
    """What rules may ask about."""
    said = fields.mapping("attributes")
    return said if isinstance(said, dict) else None
