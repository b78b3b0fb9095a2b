"""A provider as an administrator writes it. Every problem at once."""

from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from starlette.requests import Request

from mcpgateway.common.errors import NotFound
from mcpgateway.control_plane.api.http.fields import Fields, text_problem
from mcpgateway.control_plane.api.http.noted import Schema, note
from mcpgateway.control_plane.identity.sso.presets import id_problem, preset
from mcpgateway.control_plane.registry.people.sso import PRESETS, Provider
from mcpgateway.control_plane.settings.sso import MAX_MAPPINGS, web_url

MAX_SECRET = 4096
MASK = "*****"  # shown for a secret that is there; written back, it leaves it as it is
_TEXTS = {
    "name": 100,
    "display_name": 100,
    "client_id": 500,
    "scope": 500,
    "email_claim": 100,
    "username_claim": 100,
    "groups_claim": 200,
    "default_role": 200,
    "default_email_domain": 255,
    "token_audience": 500,
}
_URLS = ("issuer", "authorization_url", "token_url", "userinfo_url", "jwks_uri")
_FLAGS = (
    "auto_create_users",
    "link_existing",
    "trusts_emails",
    "sync_roles",
    "realm_roles",
    "client_roles",
    "personal_team",
    "graph",
)
_LISTS = ("trusted_domains", "admin_groups", "admin_domains")
_LOWER = ("trusted_domains", "admin_domains")
_MAPPINGS = {"role_mappings": "role_mappings", "team_mapping": "team_mappings"}
_ID: Schema = {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,63}$"}
_SECRET: Schema = {"type": "string", "maxLength": MAX_SECRET}


class Draft(NamedTuple):
    """`secret` None: as it is."""

    provider: Provider
    secret: str | None


class Edits(NamedTuple):
    """What was said of a provider."""

    changes: dict[str, Any]
    secret: str | None


def provider_of(request: Request) -> str:
    """The id of the path. Raises NotFound for what can be none."""
    note(request.path_params, "id", _ID)
    id: str = request.path_params["id"]
    if id_problem(id):
        raise NotFound(f"no provider {id[:80]!r}")
    return id


def new(fields: Fields) -> Draft:
    """Raises InvalidCall."""
    id = _new_id(fields)
    chosen = fields.choice("preset", PRESETS)
    known = next((each for each in PRESETS if each == id), PRESETS[0])
    kind = known if isinstance(chosen, UnsetType) else chosen
    if fields.raw("client_id") is UNSET:
        fields.problem("client_id", "is required", "missing")
    changes, secret = edits(fields)
    made = preset(kind, id=id, **{"client_id": "", **changes})
    _check(fields, made)
    fields.check()
    return Draft(made, secret or "")


def applied(fields: Fields, read: Edits, held: Provider) -> Draft:
    """What `edits` read, of a provider that is there. Raises InvalidCall."""
    made = msgspec.structs.replace(held, **read.changes)
    _check(fields, made)
    fields.check()
    return Draft(made, read.secret)


def _new_id(fields: Fields) -> str:
    id = fields.raw("id", _ID)
    if not isinstance(id, str):
        fields.problem("id", "is required", "missing")
        return ""
    problem = id_problem(id)
    if problem:
        fields.problem("id", problem, "id")
    return id


def edits(fields: Fields) -> Edits:
    """Leaves problems in `fields`."""
    found: dict[str, Any] = {}
    for name, limit in _TEXTS.items():
        found[name] = fields.text(name, limit)
    for name in _URLS:
        found[name] = _url(fields, name)
    for name in _FLAGS:
        found[name] = fields.boolean(name)
    found["enabled"] = fields.boolean("is_enabled")
    for name in _LISTS:
        found[name] = fields.texts(name, MAX_MAPPINGS, 255)
    for said, name in _MAPPINGS.items():
        found[name] = _mapping(fields, said)
    found["graph_groups"] = fields.integer("graph_groups", 0, 11_000)
    for name in _LOWER:
        if not isinstance(found[name], UnsetType):
            found[name] = tuple(each.lower().removeprefix("@") for each in found[name])
    given = {name: value for name, value in found.items() if value is not UNSET}
    return Edits(given, _secret(fields))


def _secret(fields: Fields) -> str | None:
    value = fields.raw("client_secret", _SECRET)
    if value is UNSET or value == MASK:
        return None
    if not isinstance(value, str) or len(value) > MAX_SECRET or text_problem(value, MAX_SECRET):
        fields.problem("client_secret", f"must be a string of at most {MAX_SECRET} characters")
        return None
    return value


def _url(fields: Fields, name: str) -> str | UnsetType:
    value = fields.text(name, 2048)
    if isinstance(value, UnsetType) or not value:
        return value
    try:
        return web_url(value)
    except ValueError as error:
        fields.problem(name, str(error), "url")
        return UNSET


def _mapping(fields: Fields, name: str) -> dict[str, str] | UnsetType:
    value = fields.mapping(name)
    if isinstance(value, UnsetType):
        return value
    good = all(isinstance(each, str) and len(each) <= 255 for each in value.values())
    if not good or len(value) > MAX_MAPPINGS:
        problem = f"must map at most {MAX_MAPPINGS} groups, each to a string"
        fields.problem(name, problem, "object")
        return UNSET
    return value


def _check(fields: Fields, made: Provider) -> None:
    """What must be there together."""
    if made.is_oidc and "openid" not in made.scope.split():
        fields.problem("scope", "must name openid", "scope")
    needed = ("client_id", "display_name", *(("issuer",) if made.is_oidc else ()))
    told = {each.field for each in fields.problems}
    for name in needed:
        if not getattr(made, name) and name not in told:
            fields.problem(name, "must not be empty", "string")
