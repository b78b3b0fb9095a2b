"""Where an answer of the authorization server may be sent. Pure.

Rule 1: https to any host; http only to the machine of the browser (loopback); a scheme of an
        application of its own only where its name has a dot (RFC 8252 7.1) or the operator
        named it.
Rule 2: no fragment, no user name, no wildcard, nothing that two readers of URLs read differently.
Rule 3: compared as text, character by character; on loopback the port is not compared (RFC 8252
        7.3).
"""

import re
from collections.abc import Collection, Iterable
from urllib.parse import SplitResult, urlencode, urlsplit

MAX_URI = 2000  # characters
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_PLAIN = re.compile(r"[!-~]+")  # printable ASCII without space
_AMBIGUOUS = re.compile(r"[\\\"<>^`{|}]")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.?")
_OWN_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*")


def problem(uri: str, schemes: Collection[str]) -> str | None:
    """What keeps a URI from being registered; None when nothing does. `schemes` are those of
    applications that are believed without a dot."""
    if len(uri) > MAX_URI:
        return f"is over {MAX_URI} characters"
    if not _PLAIN.fullmatch(uri) or _AMBIGUOUS.search(uri):
        return "must be a URI of printable ASCII, other characters percent-encoded"
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return "is no URI"
    if "#" in uri or "@" in parts.netloc:
        return "must have no fragment" if "#" in uri else "must hold no user name"
    if parts.scheme in ("http", "https"):
        return _web_problem(parts, port)
    if not _OWN_SCHEME.fullmatch(parts.scheme) or not uri.startswith(f"{parts.scheme}:/"):
        return "must be absolute: https://..., http://127.0.0.1:PORT/..., or scheme:/..."
    if "." not in parts.scheme and parts.scheme not in schemes:
        return (
            f"has the scheme {parts.scheme}, which is not among MCPGATEWAY_OAUTH_REDIRECT_SCHEMES"
        )
    return None


def _web_problem(parts: SplitResult, port: int | None) -> str | None:
    host = parts.hostname or ""
    if "*" in parts.netloc or "*" in parts.path:
        return "must hold no wildcard: register each URI"
    if not _HOST.fullmatch(host) and host != "::1":
        return "must name a host, not an IPv6 network or a name that is not ASCII"
    if port == 0:
        return "has no usable port"
    if parts.scheme == "http" and host not in LOOPBACK:
        return "must be https, or http to 127.0.0.1, [::1] or localhost"
    return None


def is_local(uri: str) -> bool:
    """Whether any program of the user's machine may be the one that receives it."""
    parts = urlsplit(uri)
    return parts.scheme not in ("http", "https") or (parts.hostname or "") in LOOPBACK


def matches(registered: Iterable[str], asked: str) -> bool:
    """Whether `asked` is one of those registered."""
    known = tuple(registered)
    return asked in known or any(_but_for_port(each) == _but_for_port(asked) for each in known)


def _but_for_port(uri: str) -> object:
    """The same for two URIs on loopback that differ in the port alone; else never the same."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return object()
    # What the text says, not what a parser makes of it: upper case and the like stay apart.
    for host in ("127.0.0.1", "[::1]", "localhost"):
        ported = host if port is None else f"{host}:{port}"
        if parts.netloc == ported and uri.startswith(f"http://{ported}"):
            return host, uri.removeprefix(f"http://{ported}")
    return object()


def with_query(uri: str, parameters: Iterable[tuple[str, str]]) -> str:
    """The URI with these after what its query says."""
    added = urlencode(list(parameters))
    return f"{uri}{'&' if '?' in uri else '?'}{added}"


def shown_host(uri: str) -> str:
    """Who receives what is sent there, for a person."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return f"the application of {parts.scheme}: links"
    local = (parts.hostname or "") in LOOPBACK
    return f"your computer ({parts.netloc})" if local else parts.netloc


def form_target(uri: str) -> str:
    """As a source of a Content-Security-Policy: browsers follow the redirect that answers a form
    only to where the policy of the form's page lets them."""
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{parts.netloc}"
