"""What an API wants to be shown by its callers, and how a gateway is told to. Pure."""

from typing import Any

import msgspec

from mcpgateway.control_plane.registry.openapi.parts import Api, Scheme, mapping, text
from mcpgateway.control_plane.registry.openapi.words import MAX_PART, plain

_FLOWS = ("clientCredentials", "authorizationCode", "application", "accessCode")
_GRANTS = {
    "clientCredentials": "client_credentials",
    "application": "client_credentials",
    "authorizationCode": "authorization_code",
    "accessCode": "authorization_code",
}


class Wanted(msgspec.Struct, frozen=True):
    """One scheme. `gateway`: members of a gateway's body that would do, without the secrets; empty
    where the gateway can not. `required`: there is no way around it."""

    name: str
    type: str
    description: str
    gateway: dict[str, Any]
    required: bool


def wanted(api: Api) -> tuple[Wanted, ...]:
    return tuple(_wanted(scheme, api) for scheme in api.schemes)


def _wanted(scheme: Scheme, api: Api) -> Wanted:
    ways = api.security
    return Wanted(
        scheme.name[:200],
        text(scheme.raw.get("type"))[:40],
        plain(scheme.raw.get("description"), MAX_PART),
        _gateway(scheme),
        bool(ways) and all(scheme.name in way for way in ways),
    )


def _gateway(scheme: Scheme) -> dict[str, Any]:
    raw = scheme.raw
    match text(raw.get("type")), text(raw.get("scheme")).lower():
        case ("basic", _) | ("http", "basic"):
            return {"auth_type": "basic", "auth_username": "", "auth_password": ""}
        case ("http", "bearer"):
            return {"auth_type": "bearer", "auth_token": ""}
        case "http", other:
            line = {"key": "Authorization", "value": f"{other.capitalize()[:40]} ..."}
            return {"auth_type": "authheaders", "auth_headers": [line]}
        case "apiKey", _:
            return _api_key(text(raw.get("name"))[:200], text(raw.get("in")))
        case "oauth2", _:
            return _oauth(scheme)
        case "openIdConnect", _:
            issuer, _, _ = text(raw.get("openIdConnectUrl")).partition("/.well-known/")
            grant = {"grant_type": "authorization_code", "issuer": issuer[:2048]}
            return {"auth_type": "oauth", "oauth_config": grant}
        case "mutualTLS", _:
            return {"client_cert": "", "client_key": ""}
    return {}


def _api_key(name: str, place: str) -> dict[str, Any]:
    if place == "query":
        return {"auth_type": "query_param", "auth_query_param_key": name}
    line = {"key": "Cookie", "value": f"{name}=..."} if place == "cookie" else {"key": name}
    return {"auth_type": "authheaders", "auth_headers": [line]}


def _oauth(scheme: Scheme) -> dict[str, Any]:
    """By a flow that works without anybody looking at a page, if there is one."""
    raw = scheme.raw
    flows = mapping(raw.get("flows")) or {text(raw.get("flow")): raw}
    name = next((each for each in _FLOWS if each in flows), "")
    if not name:
        return {"auth_type": "bearer", "auth_token": ""}
    flow = mapping(flows[name])
    config: dict[str, Any] = {"grant_type": _GRANTS[name], "client_id": ""}
    for member, key in (("token_url", "tokenUrl"), ("authorization_url", "authorizationUrl")):
        if text(flow.get(key)):
            config[member] = text(flow[key])[:2048]
    scopes = [each[:200] for each in mapping(flow.get("scopes"))][:50]
    return {"auth_type": "oauth", "oauth_config": config | {"scopes": scopes}}
