"""Which URL a token is for (RFC 8707): one of this gateway's. Pure."""

from urllib.parse import urlsplit

from mcpgateway.control_plane.identity.oauth_server.errors import OAuthError

MAX_RESOURCE = 2000  # characters
_PORTS = {"http": 80, "https": 443}


def checked(resource: str, base: str) -> str:
    """As the client wrote it, so that it can be compared to what it calls; "" stays. `base` is the
    gateway's public URL. Raises OAuthError (invalid_target)."""
    if not resource:
        return ""
    if len(resource) > MAX_RESOURCE or not resource.isascii() or not resource.isprintable():
        raise _refused(f"must be an ASCII URL of at most {MAX_RESOURCE} characters")
    if "#" in resource or "?" in resource or "\\" in resource or " " in resource:
        raise _refused("must have no fragment, query, backslash or space")
    place, own = _place(resource), _place(base)
    if place is None or own is None or place[:3] != own[:3]:
        raise _refused(f"must be a URL of this gateway, which is {base}")
    path, below = place[3], own[3].rstrip("/")
    if path.rstrip("/") != below and not path.startswith(f"{below}/"):
        raise _refused(f"must be below {base}")
    if any(segment in (".", "..") for segment in path.replace("%2e", ".").split("/")):
        raise _refused("must hold no . or .. segment")
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
