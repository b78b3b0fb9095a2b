"""The settings of the gateway's own authorization server."""

import re
from dataclasses import dataclass

from mcpgateway.common.runtime.settings import boolean, choice, integer, setting, words

# Applications whose scheme has no dot, as RFC 8252 would have it, and which are used all the same.
KNOWN_SCHEMES = ("cursor", "vscode", "vscode-insiders", "windsurf")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{1,40}")
# What a browser runs or shows itself, or that is no application's of its own.
_NEVER = frozenset(
    ("about", "blob", "chrome", "data", "file", "filesystem", "ftp", "http", "https", "intent")
) | frozenset(("javascript", "mailto", "view-source", "vbscript", "ws", "wss"))


def schemes(text: str) -> tuple[str, ...]:
    """Raises ValueError."""
    found = tuple(name.lower().removesuffix("://").removesuffix(":") for name in words(text))
    for name in found:
        if not _SCHEME.fullmatch(name) or name in _NEVER:
            raise ValueError(f"must be schemes of applications, by commas; {name!r} is none")
    return found


@dataclass(frozen=True, kw_only=True)
class OAuthServerSettings:
    """A part of the control plane's `Settings`."""

    oauth_enabled: bool = setting(
        "MCPGATEWAY_OAUTH_ENABLED",
        boolean,
        default=True,
        doc="serve an OAuth authorization server, so that MCP clients log in by a browser",
    )
    oauth_access_minutes: int = setting(
        "MCPGATEWAY_OAUTH_ACCESS_TOKEN_MINUTES",
        integer(1, 1440),
        default=60,
        doc="minutes that an access token counts",
    )
    oauth_refresh_days: int = setting(
        "MCPGATEWAY_OAUTH_REFRESH_TOKEN_DAYS",
        integer(1, 365),
        default=30,
        doc="days without a refresh after which a client has to ask its user again",
    )
    oauth_registration: str = setting(
        "MCPGATEWAY_OAUTH_REGISTRATION",
        choice("open", "token", "off"),
        default="open",
        doc="who may register clients at POST /register: anybody, who has the token, nobody",
    )
    oauth_registration_token: str = setting(
        "MCPGATEWAY_OAUTH_REGISTRATION_TOKEN",
        default="",
        secret=True,
        doc="bearer token that POST /register needs, where MCPGATEWAY_OAUTH_REGISTRATION is token",
    )
    oauth_client_documents: bool = setting(
        "MCPGATEWAY_OAUTH_CLIENT_DOCUMENTS",
        boolean,
        default=True,
        doc="the https URL of a client's metadata document may be its client_id",
    )
    oauth_redirect_schemes: tuple[str, ...] = setting(
        "MCPGATEWAY_OAUTH_REDIRECT_SCHEMES",
        schemes,
        default=KNOWN_SCHEMES,
        doc="schemes without a dot, of applications, to which a redirect may lead",
    )
