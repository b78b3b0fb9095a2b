"""Which room answers a request, from its method and path alone. Bodies and headers are not seen."""

from functools import lru_cache
from typing import Literal, NamedTuple
from urllib.parse import unquote

from mcpgateway.common import ids, paths

Room = Literal["mcp", "health", "ready", "absent", "control-plane", "admin"]


class Route(NamedTuple):
    """`server` is the virtual server of an `mcp` route, "" for the endpoint of all tools.
    `absent` is the data plane's own path without an answer."""

    room: Room
    server: str = ""


_FIXED: dict[str, Route] = {
    "/mcp": Route("mcp"),
    "/health": Route("health"),
    "/ready": Route("ready"),
}


@lru_cache(maxsize=4096)
def resolve(method: str, raw_path: str) -> Route:
    """`raw_path` is the request path as sent, without the query."""
    path = unquote(raw_path)
    owner = paths.owner(method, path)
    if owner != "data-plane":
        return Route(owner)
    normal = paths.normal(path)
    return _FIXED.get(normal) or _server(normal) or Route("absent")


def _server(path: str) -> Route | None:
    match path.split("/"):
        case ["", "servers", server, "mcp"]:
            return Route("mcp", ids.as_id(server) or server)
        case _:
            return None
