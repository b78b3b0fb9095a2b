"""The settings of how upstreams are called: what of a client is passed to them, how it is named to
them, and how tokens for them are got."""

from dataclasses import dataclass

import msgspec

from mcpgateway.common.runtime.settings import boolean, choice, integer, seconds, setting, words


def texts(value: str) -> tuple[str, ...]:
    """A comma-separated list, or a JSON array of strings. Raises ValueError."""
    if not value.strip().startswith("["):
        return words(value)
    try:
        return tuple(msgspec.json.decode(value, type=list[str]))
    except msgspec.DecodeError:
        raise ValueError("must be a JSON array of strings, or a comma-separated list") from None


@dataclass(frozen=True, kw_only=True)
class UpstreamAuthSettings:
    passthrough_enabled: bool = setting(
        "ENABLE_HEADER_PASSTHROUGH",
        boolean,
        default=False,
        doc="pass headers of the global allow-list to upstreams that have none of their own",
    )
    passthrough_defaults: tuple[str, ...] = setting(
        "DEFAULT_PASSTHROUGH_HEADERS", texts, default=(), doc="the global allow-list"
    )
    passthrough_source: str = setting(
        "PASSTHROUGH_HEADERS_SOURCE",
        choice("db", "env", "merge"),
        default="db",
        doc="db: what the API set wins over DEFAULT_PASSTHROUGH_HEADERS; env: never; merge: both",
    )
    passthrough_overwrites: bool = setting(
        "ENABLE_OVERWRITE_BASE_HEADERS",
        boolean,
        default=False,
        doc="a header that a client passes wins over the gateway's own of that name",
    )
    query_auth: bool = setting(
        "INSECURE_ALLOW_QUERYPARAM_AUTH",
        boolean,
        default=False,
        doc="gateways may want their credential in the query string, which others log",
    )
    query_auth_hosts: tuple[str, ...] = setting(
        "INSECURE_QUERYPARAM_AUTH_ALLOWED_HOSTS",
        texts,
        default=(),
        doc="hosts of such gateways; empty: any",
    )
    identity_enabled: bool = setting(
        "IDENTITY_PROPAGATION_ENABLED",
        boolean,
        default=False,
        doc="name callers to upstreams whose registration says nothing",
    )
    identity_mode: str = setting(
        "IDENTITY_PROPAGATION_MODE",
        choice("headers", "meta", "both"),
        default="both",
        doc="where callers are named: header lines, _meta.user, or both",
    )
    identity_prefix: str = setting(
        "IDENTITY_PROPAGATION_HEADERS_PREFIX",
        default="X-Forwarded-User",
        doc="how the names of those header lines begin",
    )
    oauth_timeout: float = setting(
        "OAUTH_REQUEST_TIMEOUT",
        seconds(1, 120),
        default=30.0,
        doc="seconds for one request to an authorization server of an upstream",
    )
    oauth_discovery: bool = setting(
        "OAUTH_DISCOVERY_ENABLED",
        boolean,
        default=True,
        doc="find out the authorization server of an upstream that names one",
    )
    dcr_enabled: bool = setting(
        "DCR_ENABLED", boolean, default=True, doc="register at authorization servers (RFC 7591)"
    )
    dcr_automatic: bool = setting(
        "DCR_AUTO_REGISTER_ON_MISSING_CREDENTIALS",
        boolean,
        default=True,
        doc="register for a gateway without client_id when it first needs a client",
    )
    dcr_scopes: tuple[str, ...] = setting(
        "DCR_DEFAULT_SCOPES",
        texts,
        default=("mcp:read",),
        doc="scopes to register for, of gateways that name none",
    )
    dcr_issuers: tuple[str, ...] = setting(
        "DCR_ALLOWED_ISSUERS", texts, default=(), doc="where to register; empty: anywhere"
    )
    dcr_auth_method: str = setting(
        "DCR_TOKEN_ENDPOINT_AUTH_METHOD",
        choice("client_secret_basic", "client_secret_post", "none"),
        default="client_secret_basic",
        doc="how the gateway proves itself as a client that it registered",
    )
    dcr_name: str = setting(
        "DCR_CLIENT_NAME_TEMPLATE",
        default="MCP Gateway ({gateway_name})",
        doc="the name to register under",
    )
    consent_minutes: int = setting(
        "MCPGATEWAY_CONSENT_MINUTES",
        integer(1, 60),
        default=10,
        doc="minutes in which a consent that was begun must come back",
    )
