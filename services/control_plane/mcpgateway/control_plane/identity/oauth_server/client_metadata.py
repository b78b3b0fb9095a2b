"""What a client may say of itself: in a registration (RFC 7591) or in a document whose URL is its
id. Pure. What is not understood is passed over, as the RFC says; what is understood is checked."""

import re
from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeVar, cast

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from mcpgateway.common.policy.access import oauth_scopes
from mcpgateway.control_plane.identity.oauth_server import redirects
from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError
from mcpgateway.control_plane.registry.people.oauth_server import AuthMethod, ClientMetadata

CODE = "authorization_code"
REFRESH = "refresh_token"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
CLIENT_CREDENTIALS = "client_credentials"
GRANTS = (CODE, REFRESH, DEVICE)  # that a client may be registered for
METHODS: tuple[AuthMethod, ...] = (
    "none",
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
)
MAX_URIS = 20
MAX_KEYS = 10
_LONGEST = 200  # characters of a name
_PUBLIC = frozenset({"EC", "OKP", "RSA"})
_PRIVATE = frozenset({"d", "p", "q", "k"})  # members of private and shared keys
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")

W = TypeVar("W", bound=str)


def read(
    said: Mapping[str, Any], schemes: Collection[str], *, shared_secrets: bool = True
) -> ClientMetadata:
    """`schemes` as of `redirects.problem`. `shared_secrets` False: a document is public, so nothing
    in it can be a secret. Raises OAuthError: invalid_redirect_uri, invalid_client_metadata."""
    method = _method(said, shared_secrets=shared_secrets)
    uris = _redirect_uris(said, schemes)
    grants = _grants(said, uris)
    _response_types(said)
    metadata = ClientMetadata(
        client_name=_text(said, "client_name"),
        redirect_uris=uris,
        grant_types=grants,
        auth_method=method,
        application_type=_application_type(said, uris),
        scope=_scope(said),
        client_uri=_https(said, "client_uri"),
        jwks=_jwks(said),
        jwks_uri=_https(said, "jwks_uri"),
        software_id=_text(said, "software_id"),
        software_version=_text(said, "software_version"),
    )
    if method == "private_key_jwt" and bool(metadata.jwks) == bool(metadata.jwks_uri):
        raise _wrong("private_key_jwt needs either jwks or jwks_uri")
    return metadata


def _wrong(description: str) -> OAuthError:
    return OAuthError("invalid_client_metadata", description)


def _method(said: Mapping[str, Any], *, shared_secrets: bool) -> AuthMethod:
    default = "client_secret_basic" if shared_secrets else "none"
    allowed = METHODS if shared_secrets else ("none", "private_key_jwt")
    return cast(AuthMethod, _choice(said, "token_endpoint_auth_method", allowed, default))


def _choice(said: Mapping[str, Any], name: str, allowed: Collection[W], default: str) -> str:
    value = said.get(name) or default
    if value not in allowed:
        raise _wrong(f"{name} must be one of {', '.join(allowed)}")
    return str(value)


def _texts(said: Mapping[str, Any], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = said.get(name)
    if value is None:
        return default
    if not isinstance(value, list) or len(value) > MAX_URIS:
        raise _wrong(f"{name} must be a list of at most {MAX_URIS} strings")
    if not all(isinstance(each, str) for each in value):
        raise _wrong(f"{name} must be a list of strings")
    return tuple(dict.fromkeys(value))


def _redirect_uris(said: Mapping[str, Any], schemes: Collection[str]) -> tuple[str, ...]:
    uris = _texts(said, "redirect_uris", ())
    for uri in uris:
        found = redirects.problem(uri, schemes)
        if found:
            raise OAuthError("invalid_redirect_uri", f"redirect_uri {uri[:100]} {found}")
    return uris


def _grants(said: Mapping[str, Any], uris: tuple[str, ...]) -> tuple[str, ...]:
    """Those of ours among those that it names; a client may know more than we do."""
    named = _texts(said, "grant_types", (CODE,))
    grants = tuple(grant for grant in named if grant in GRANTS)
    if not set(grants) & {CODE, DEVICE}:
        raise _wrong(f"grant_types must name {CODE} or {DEVICE}")
    if CODE in grants and not uris:
        raise OAuthError("invalid_redirect_uri", f"redirect_uris is needed for {CODE}")
    return grants


def _response_types(said: Mapping[str, Any]) -> None:
    types = _texts(said, "response_types", ("code",))
    if types and "code" not in types:
        raise _wrong("response_types must name code, the only one that there is")


def _application_type(said: Mapping[str, Any], uris: tuple[str, ...]) -> Literal["web", "native"]:
    local = [uri for uri in uris if redirects.is_local(uri)]
    kind = _choice(said, "application_type", ("web", "native"), "native" if local else "web")
    if kind == "web" and local:
        raise OAuthError(
            "invalid_redirect_uri",
            f"redirect_uri {local[0][:100]} is of an application on a machine, so application_type"
            " must be native",
        )
    return "web" if kind == "web" else "native"


def _scope(said: Mapping[str, Any]) -> str | None:
    """Those of ours, so that a client which asks for more than there is gets the rest."""
    value = said.get("scope")
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 1000:
        raise _wrong("scope must be a space-separated list of at most 1000 characters")
    known = [scope for scope in oauth_scopes.parse(value) if scope in oauth_scopes.SCOPES]
    return " ".join(known) if known else None


def _text(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _LONGEST:
        raise _wrong(f"{name} must be a string of at most {_LONGEST} characters")
    return _CONTROL.sub("", value).strip()


def _https(said: Mapping[str, Any], name: str) -> str:
    value = said.get(name)
    if value is None or value == "":
        return ""
    if not isinstance(value, str) or not value.startswith("https://"):
        raise _wrong(f"{name} must be an https URL")
    found = redirects.problem(value, ())
    if found:
        raise _wrong(f"{name} {found}")
    return value


def _jwks(said: Mapping[str, Any]) -> dict[str, Any] | None:
    value = said.get("jwks")
    if value is None:
        return None
    keys = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= MAX_KEYS:
        raise _wrong(f"jwks must be a JSON Web Key Set of 1 to {MAX_KEYS} keys")
    key_set(value)
    return {"keys": keys}


def key_set(value: Any) -> KeySet:
    """The public keys of a JSON Web Key Set. Raises OAuthError."""
    listed = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(listed, list) or not all(isinstance(key, dict) for key in listed):
        raise _wrong("jwks must be a JSON Web Key Set")
    if any(key.get("kty") not in _PUBLIC or _PRIVATE & key.keys() for key in listed):
        raise _wrong("jwks must hold public keys only (kty EC, OKP or RSA)")
    try:
        return KeySet.import_key_set({"keys": listed})
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _wrong("jwks must be a JSON Web Key Set") from error
