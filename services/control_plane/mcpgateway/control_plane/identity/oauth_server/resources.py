"""Which URL a token is for (RFC 8707): an MCP endpoint of this gateway, or the gateway. Pure."""

import re
from urllib.parse import urlsplit

from mcpgateway.common import paths
from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError

MAX_RESOURCE = 2000  # characters
_ENDPOINT = re.compile(r"(/servers/[^/]+)?/(mcp|sse|message|ws|rpc)")
_PORTS = {"http": 80, "https": 443}


def checked(resource: str, base: str) -> str:
    """As the client wrote it, so that it can be compared to what it calls; "" for the gateway as a
    whole, which is `base`. Raises OAuthError (invalid_target)."""
    if not resource:
        return ""
    if len(resource) > MAX_RESOURCE or not resource.isascii() or not resource.isprintable():
        raise _refused(f"must be an ASCII URL of at most {MAX_RESOURCE} characters")
    if "#" in resource or "?" in resource or "\\" in resource or " " in resource:
        raise _refused("must have no fragment, query, backslash or space")
    place, own = _place(resource), _place(base)
    if place is None or own is None or place[:3] != own[:3]:
        raise _refused(f"must be a URL of this gateway, which is {base}")
    below = own[3].rstrip("/")
    path = place[3].removeprefix(below)
    if path in ("", "/") and place[3].startswith(below):
        return ""
    if not place[3].startswith(f"{below}/") or not _ENDPOINT.fullmatch(paths.normal(path)):
        raise _refused(f"must be an MCP endpoint such as {base}/mcp, or {base}")
    return resource


def _place(url: str) -> tuple[str, str, int, str] | None:
    """Scheme, host, port and path; None when it is no URL of the web."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port, parts.path


def _refused(what: str) -> OAuthError:
    return OAuthError("invalid_target", f"resource {what}")
