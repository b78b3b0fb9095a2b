"""MCP endpoints as resources of OAuth: for which of them a token is made (RFC 8707), and what is
told about each (RFC 9728). Nothing here is secret; which servers there are is not told.

Two URLs name one endpoint when scheme, host and port are the same (letters of either case, a
default port written or not) and the paths lead to the same virtual server: with or without `/v1`
in front and `/` behind, the id with dashes or without, by whichever transport. A query, a fragment
or a user in it names nothing.
"""

from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, urlsplit

import msgspec

from mcpgateway.common.routing.model import Server
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.client_view import Seen
from mcpgateway.data_plane.edge.routes import TRANSPORTS, resolve
from mcpgateway.data_plane.pipeline.answer import JSON

WELL_KNOWN = "/.well-known/oauth-protected-resource"
SCOPES = ("mcp",)  # what is advertised: the least with which an MCP client gets on
_ENDPOINTS = frozenset(TRANSPORTS)
_PORTS = {"http": 80, "https": 443}
_PUBLIC = (JSON, (b"cache-control", b"max-age=60"), (b"access-control-allow-origin", b"*"))


def made_for(resources: Sequence[str], base: str, server: str) -> bool:
    """Whether one of these URLs is that of a virtual server ("" for that of everything) of the
    gateway at `base`."""
    return any(server == _server(resource, base) for resource in resources)


def _server(url: str, base: str) -> str | None:
    """Which one the URL names; None: none of ours."""
    try:
        named, own = urlsplit(url), urlsplit(base)
        if not base or _origin(named) != _origin(own) or named.path.startswith("//"):
            return None
    except ValueError:
        return None
    if named.query or named.fragment or not named.path.startswith(own.path):
        return None
    route = resolve("POST", named.path.removeprefix(own.path))
    return route.name if route.room in _ENDPOINTS else None


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    """Raises ValueError for a port that is none, and for a user in front of the host."""
    if "@" in url.netloc:
        raise ValueError("a user in a URL")
    return url.scheme, url.hostname, url.port or _PORTS.get(url.scheme)


def metadata_url(base: str, path: str) -> str:
    """Where the metadata of the endpoint at `path` is."""
    return f"{base}{WELL_KNOWN}{path}"


class ResourceMetadata:
    """Serves `/.well-known/oauth-protected-resource...`, and the same below a virtual server."""

    def __init__(self, find: Callable[[str], Server | None], seen: Seen) -> None:
        """`find` looks up a virtual server by its id."""
        self._find = find
        self._seen = seen

    def handle(self, exchange: Exchange, _name: str = "") -> None:
        if exchange.method not in ("GET", "HEAD"):
            errors.refuse_method(exchange, b"GET, HEAD")
            return
        path = _resource(exchange.path)
        route = resolve("POST", path)
        base = self._seen.base(exchange)
        if route.room not in _ENDPOINTS:
            errors.refuse(exchange, 404, "not_found", f"{path} is no MCP endpoint")
        elif not base:
            errors.refuse(exchange, 400, "invalid_call", "Host names no host: it has to")
        else:
            exchange.respond(200, _PUBLIC, document(base, path, self._find(route.name)))


def document(base: str, path: str, server: Server | None) -> bytes:
    """`path` as the client wrote it: it compares the URL with its own."""
    servers = () if server is None else server.authorization_servers
    scopes = () if server is None else server.oauth_scopes
    return msgspec.json.encode(
        {
            "resource": f"{base}{path}",
            "authorization_servers": servers or (base,),
            "scopes_supported": scopes or SCOPES,
            "bearer_methods_supported": ("header",),
        }
    )


def _resource(path: str) -> str:
    """The path of the endpoint that a request for metadata names; that of everything when it
    names none."""
    before, _, after = path.partition(WELL_KNOWN)
    if before in ("", "/v1"):
        return after if after.strip("/") else "/mcp"
    return f"{before}/mcp"
