"""Which room answers a request, from its method and path alone. Bodies and headers are not seen."""

from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import unquote

from mcpgateway.common import ids, paths

Room = Literal[
    "mcp",
    "sse",
    "message",
    "ws",
    "rpc",
    "protocol",
    "prompt",
    "resource",
    "health",
    "ready",
    "metrics",
    "metrics-replica",
    "resource-metadata",
    "tunnel",
    "tool",
    "tools-document",
    "absent",
    "control-plane",
    "admin",
]


class Route(NamedTuple):
    """`name` is what the path names: the virtual server of an MCP endpoint ("" for that of
    everything), the method of a `protocol` route, one prompt or resource; of a `tool` its server's
    and its own, as in the path, a slash between them. `absent` is the data plane's own path without
    an answer."""

    room: Room
    name: str = ""


FIXED: dict[str, Route] = {
    "/mcp": Route("mcp"),
    "/sse": Route("sse"),
    "/message": Route("message"),
    "/ws": Route("ws"),
    "/rpc": Route("rpc"),
    "/initialize": Route("protocol", "initialize"),
    "/notifications": Route("protocol", "notifications"),
    "/protocol/initialize": Route("protocol", "initialize"),
    "/protocol/notifications": Route("protocol", "notifications"),
    "/protocol/ping": Route("protocol", "ping"),
    "/protocol/completion/complete": Route("protocol", "completion/complete"),
    "/protocol/sampling/createMessage": Route("protocol", "sampling/createMessage"),
    "/health": Route("health"),
    "/ready": Route("ready"),
    "/metrics": Route("metrics"),
    "/metrics/prometheus": Route("metrics"),
    "/metrics/replica": Route("metrics-replica"),
}


# The last segment of a virtual server's endpoints.
TRANSPORTS: dict[str, Room] = {"mcp": "mcp", "sse": "sse", "message": "message", "ws": "ws"}


@lru_cache(maxsize=4096)
def resolve(method: str, raw_path: str) -> Route:
    """`raw_path` is the request path as sent, without the query."""
    path = _decoded(raw_path)
    owner = paths.owner(method, path)
    if owner != "data-plane":
        return Route(owner)
    normal = paths.normal(path)
    return FIXED.get(normal) or _named(normal) or Route("absent")


def _decoded(raw_path: str) -> str:
    """Decoded but for slashes and percent signs within a segment, which are part of a name (a
    resource's URI) and no separators."""
    segments = map(unquote, raw_path.split("/"))
    return "/".join(each.replace("%", "%25").replace("/", "%2F") for each in segments)


def _named(path: str) -> Route | None:
    match path.split("/"):
        case ["", "servers", server, *rest]:
            return _of_server(server, rest)
        case ["", "tunnels", gateway]:
            return Route("tunnel", unquote(gateway))
        case ["", "prompts", prompt]:
            return Route("prompt", unquote(prompt))
        case ["", "resources", resource]:
            return Route("resource", unquote(resource))
        case ["", ".well-known", "oauth-protected-resource", *_]:
            return Route("resource-metadata")
        case ["", "resources", "test", *uri] if uri:
            return Route("resource", unquote("/".join(uri)))
        case _:
            return None


def _of_server(server: str, rest: list[str]) -> Route | None:
    match rest:
        case [transport] if transport in TRANSPORTS:
            return Route(TRANSPORTS[transport], _server(server))
        case ["openapi.json"]:
            return Route("tools-document", _server(server))
        case ["tools", tool]:
            return Route("tool", f"{server}/{tool}")
        case [".well-known", "oauth-protected-resource"]:
            return Route("resource-metadata")
        case _:
            return None


def server_and_tool(name: str) -> tuple[str, str]:
    """What the name of a `tool` route names."""
    server, _, tool = name.partition("/")
    return _server(server), unquote(tool)


def _server(segment: str) -> str:
    return ids.as_id(segment) or unquote(segment)
