"""What bodies about API tokens say."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from mcpgateway.common import ids
from mcpgateway.common.policy.access import permissions, restrictions
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.http.noted import Noted
from mcpgateway.control_plane.api.identity.shared import MAX_EMAIL, email_problem
from mcpgateway.control_plane.api.nouns.shared_input import tags
from mcpgateway.control_plane.registry.people.api_tokens import TokenDraft, TokenScope

NAME = 255  # characters
DESCRIPTION = 4096
REASON = 1000
MOST_DAYS = 3650
_PERMISSIONS = 200
_NETWORKS = 100


def read_token(body: Mapping[str, Any], new: bool, team_id: str | None = None) -> TokenDraft:
    """`team_id` that the path names. Raises InvalidCall that names every problem."""
    fields = Fields(body)
    active = fields.boolean("is_active")
    draft = TokenDraft(
        name=fields.filled("name", NAME, required=new),
        description=fields.text("description", DESCRIPTION),
        tags=tags(fields),
        active=active,
        scope=_scope(fields),
        expires_in_days=fields.integer("expires_in_days", 0, MOST_DAYS) if new else UNSET,
        team_id=(team_id or _team(fields)) if new else None,
        email=_email(fields) if new else None,
    )
    fields.check()
    return draft


def read_reason(body: Mapping[str, Any]) -> str | None:
    """Raises InvalidCall."""
    fields = Fields(body)
    said = fields.text("reason", REASON)
    fields.check()
    return said if isinstance(said, str) else None


def _team(fields: Fields) -> str | None:
    said = fields.text("team_id", 64)
    if said in (UNSET, ""):
        return None
    id = ids.as_id(str(said))
    if id is None:
        fields.problem("team_id", "must be an id: 32 hexadecimal digits", "id")
    return id


def _email(fields: Fields) -> str | None:
    said = fields.text("user_email", MAX_EMAIL)
    if said in (UNSET, ""):
        return None
    plain = str(said).lower()
    if email_problem(plain):
        fields.problem("user_email", email_problem(plain), "email")
    return plain


def _scope(fields: Fields) -> TokenScope | UnsetType:
    said = fields.raw("scope", {"type": "object"})
    if said is UNSET:
        return UNSET
    if not isinstance(said, dict):
        fields.problem("scope", "must be an object", "object")
        return UNSET
    within = Fields(said if isinstance(said, Noted) else dict(said))
    scope = TokenScope(
        server_id=_server(within),
        permissions=_permissions(within),
        ip_restrictions=_networks(within),
        time_restrictions=_members(within, "time_restrictions", restrictions.canonical),
        usage_limits=_members(within, "usage_limits", _limits),
    )
    name = fields.spelled("scope")
    fields.problems += [each._replace(field=f"{name}.{each.field}") for each in within.problems]
    return scope


def _server(fields: Fields) -> str | None:
    said = fields.text("server_id", 64)
    if said in (UNSET, ""):
        return None
    id = ids.as_id(str(said))
    if id is None:
        fields.problem("server_id", "must be an id: 32 hexadecimal digits", "id")
    return id


def _permissions(fields: Fields) -> tuple[str, ...]:
    said = fields.texts("permissions", _PERMISSIONS, 64)
    found = () if isinstance(said, UnsetType) else said
    for at, each in enumerate(found):
        problem = permissions.problem(each)
        if problem:
            fields.problem(f"permissions[{at}]", problem, "permission")
    return found


def _networks(fields: Fields) -> tuple[str, ...]:
    said = fields.texts("ip_restrictions", _NETWORKS, 64)
    if isinstance(said, UnsetType):
        return ()
    try:
        return tuple(str(each) for each in restrictions.networks(said))
    except restrictions.Unreadable as error:
        fields.problem(error.field, error.problem, "network")
        return ()


def _limits(said: Mapping[str, Any]) -> dict[str, Any]:
    restrictions.limits(said)
    return {name: most for name, most in said.items() if most is not None}


def _members(
    fields: Fields, name: str, read: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    said = fields.mapping(name)
    if isinstance(said, UnsetType):
        return {}
    try:
        return read(said)
    except restrictions.Unreadable as error:
        fields.problem(error.field, error.problem, "restriction")
        return {}
