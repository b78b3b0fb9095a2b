"""What bodies of gateways say of credentials that no tool or agent has: in the query string, by
OAuth, or a token of each user's own. Pure."""

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from mcpgateway.common.routing.query_credentials import parameter
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.auth_input import (
    AuthReader,
    is_settable,
    read_auth,
    read_secret,
)
from mcpgateway.control_plane.api.nouns.shared_input import MASK
from mcpgateway.control_plane.api.nouns.url_input import read_url
from mcpgateway.control_plane.registry.client_assertion import is_signing_key
from mcpgateway.control_plane.registry.drafts import NewAuth
from mcpgateway.control_plane.registry.model import Auth
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import (
    CLIENT_AUTHS,
    FIXED_PARAMS,
    GRANTS,
    JWT_BEARER,
    SECRETS,
    TOKEN_EXCHANGE,
    GrantType,
    OAuthConfig,
)

_SPELLINGS: Mapping[str, GrantType] = {
    **{grant: grant for grant in GRANTS},
    TOKEN_EXCHANGE: "token_exchange",
    JWT_BEARER: "id_jag",
}
_URLS = ("authorization_url", "token_url", "redirect_uri", "issuer", "resource", "idp_token_url")
_TEXTS = ("client_id", "audience", "username", "subject_token_type", "idp_client_id")
_LIMIT = 2048  # characters of a text
_SECRET_LIMIT = 16 * 1024  # characters of a secret: a private key is long
_PARAMS = 20
_SCOPES = 100
_NEEDED: Mapping[GrantType, tuple[str, ...]] = {
    "client_credentials": ("client_id",),
    "password": ("username", "client_id"),
    "authorization_code": (),
    "token_exchange": ("client_id",),
    "id_jag": ("client_id", "idp_token_url", "idp_client_id"),
}


def read_upstream_auth(fields: Fields, new: bool) -> NewAuth | UnsetType | None:
    """As `auth_input.read_auth`, with more kinds. An `oauth_config` alone means OAuth."""
    more: Mapping[str, AuthReader] = {"query_param": _query, "oauth": _oauth, "vault": _vault}
    found = read_auth(fields, new, more)
    silent = found is UNSET and fields.raw("auth_type") is UNSET
    if silent and fields.raw("oauth_config", {"type": "object"}) is not UNSET:
        return _oauth(fields, new)
    return found


def _query(fields: Fields, new: bool) -> NewAuth | UnsetType:
    key = fields.filled("auth_query_param_key", 128, required=new)
    value = read_secret(fields, "auth_query_param_value", new)
    if key is UNSET or value is UNSET:
        return UNSET
    return NewAuth(Auth("query_param", query_param=key), (parameter(key, value),))


def _vault(fields: Fields, new: bool) -> NewAuth | UnsetType:
    """Every user stores a token of his own, which is sent in this header."""
    key = fields.filled("auth_header_key", 128, required=False)
    name = "Authorization" if key is UNSET else key
    if not is_settable(name):
        fields.problem("auth_header_key", "must be the name of a header that may be set", "header")
        return UNSET
    return NewAuth(Auth("vault", headers=(name,)), ())


def _oauth(fields: Fields, new: bool) -> NewAuth | UnsetType:
    given = fields.mapping("oauth_config")
    if given is UNSET:
        if new:
            fields.problem("oauth_config", "is required with auth_type oauth", "missing")
        return UNSET
    inner = Fields(given)
    found = _config(inner)
    where = fields.spelled("oauth_config")
    fields.problems += [
        each._replace(field=f"{where}.{inner.spelled(each.field)}") for each in inner.problems
    ]
    return UNSET if inner.problems or found is None else found


def _config(fields: Fields) -> NewAuth | None:
    grant = fields.choice("grant_type", tuple(_SPELLINGS))
    members: dict[str, Any] = {}
    for name in _URLS:
        members[name] = read_url(fields, name, required=False)
    for name in _TEXTS:
        members[name] = fields.filled(name, _LIMIT, required=False)
    members["scopes"] = _scopes(fields)
    members["omit_resource"] = fields.boolean("omit_resource")
    members["token_endpoint_auth_method"] = fields.choice(
        "token_endpoint_auth_method", CLIENT_AUTHS
    )
    members["authorization_params"] = _params(fields)
    secrets = {name: fields.filled(name, _SECRET_LIMIT, required=False) for name in SECRETS}
    if grant is UNSET:
        if not fields.problems:
            fields.problem("grant_type", f"is required: one of {', '.join(GRANTS)}", "missing")
        return None
    kind = _SPELLINGS[grant]
    said = {name: value for name, value in members.items() if value is not UNSET}
    _check_needed(fields, kind, said)
    kept = frozenset(name for name, value in secrets.items() if value == MASK)
    new = {k: v for k, v in secrets.items() if isinstance(v, str) and k not in kept}
    _check_key(fields, said.get("token_endpoint_auth_method", ""), secrets)
    named = tuple(name for name in SECRETS if name in new or name in kept)
    auth = Auth("oauth", oauth=OAuthConfig(grant_type=kind, secrets=named, **said))
    return NewAuth(auth, (), new, kept)


def _check_needed(fields: Fields, grant: GrantType, said: Mapping[str, Any]) -> None:
    for name in _NEEDED[grant]:
        if not said.get(name):
            fields.problem(name, f"is required with grant_type {grant}", "missing")
    if grant in ("client_credentials", "password") and not (
        said.get("token_url") or said.get("issuer")
    ):
        fields.problem("token_url", "is required, or issuer to find it by", "missing")


def _check_key(fields: Fields, method: str, secrets: Mapping[str, Any]) -> None:
    key = secrets.get("private_key", UNSET)
    if method == "private_key_jwt" and key is UNSET:
        fields.problem("private_key", "is required with private_key_jwt", "missing")
    if not isinstance(key, UnsetType) and key != MASK and not is_signing_key(key):
        fields.problem(
            "private_key",
            "must be an unencrypted private key in PEM: RSA of 2048 bits or more, or EC",
            "key",
        )


def _scopes(fields: Fields) -> tuple[str, ...] | UnsetType:
    """A list, or a text with spaces or commas."""
    scopes = fields.texts("scopes", _SCOPES, 256)
    if scopes is UNSET:
        return UNSET
    return tuple(word for scope in scopes for word in scope.split())


def _params(fields: Fields) -> dict[str, str] | UnsetType:
    given = fields.mapping("authorization_params")
    if given is UNSET:
        return UNSET
    texts = all(isinstance(value, str) and len(value) <= _LIMIT for value in given.values())
    if len(given) > _PARAMS or not texts:
        fields.problem("authorization_params", f"must be at most {_PARAMS} texts by name", "texts")
        return UNSET
    for name in FIXED_PARAMS & set(given):
        fields.problem("authorization_params", f"may not set {name}", "fixed")
    return dict(given)
