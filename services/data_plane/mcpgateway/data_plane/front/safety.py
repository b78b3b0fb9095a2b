"""Which requests may be sent twice, decided from the request and the routing table. Pure.

Whatever is not known to be harmless is taken for harmful. Who calls is not known here: a tool's
name counts as harmless when every tool that anybody may be offered under it is.
"""

from collections.abc import Iterable

import msgspec

from mcpgateway.common import ids, jsonrpc
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.routing.model import Server, Tool
from mcpgateway.common.routing.rest_request import harmless
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.edge.routes import Route

REPEATABLE = frozenset(
    (
        "completion/complete",
        "initialize",
        "logging/setLevel",
        "ping",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/subscribe",
        "resources/templates/list",
        "resources/unsubscribe",
        "roots/list",
        "server/discover",
        "subscriptions/listen",
        "tasks/cancel",
        "tasks/get",
        "tasks/list",
        "tasks/result",
        "tools/list",
    )
)
_PLAIN = frozenset(("GET", "HEAD", "OPTIONS"))
_PROTOCOL = frozenset(("completion/complete", "initialize", "ping"))  # of /protocol/...
_BATCH = 1000  # messages of a batch; nothing is told about a longer one

_raws = msgspec.json.Decoder(list[msgspec.Raw])


def repeatable(method: str, route: Route, body: bytes, table: Table) -> bool:
    """`body` is the whole one; for streamed ones the answer holds of what has none."""
    if method in _PLAIN:
        return True
    match route.room:
        case "mcp":
            return method == "DELETE" or _post(body, table, route.name)
        case "rpc":
            return _rpc(body, table)
        case "protocol":
            return route.name in _PROTOCOL
        case "prompt":
            return True
    return False


def messages(body: bytes) -> list[jsonrpc.Frame]:
    """The JSON-RPC messages of a body, one or a batch; none of what is too long or unreadable."""
    try:
        if body.lstrip()[:1] != b"[":
            return [jsonrpc.decode_frame(body)]
        raws = _raws.decode(body)
        return [jsonrpc.decode_frame(bytes(raw)) for raw in raws] if len(raws) <= _BATCH else []
    except (jsonrpc.FrameError, msgspec.DecodeError, RecursionError):
        return []


def _post(body: bytes, table: Table, server: str) -> bool:
    found = messages(body)
    return bool(found) and all(_message(frame, table, server) for frame in found)


def _rpc(body: bytes, table: Table) -> bool:
    """One request, whose params may name the server and whose method may be a tool's name."""
    found = messages(body)
    if len(found) != 1 or not found[0].is_request:
        return False
    frame = found[0]
    if not isinstance(frame.params, dict) or "server_id" not in frame.params:
        return frame.method not in table.indexes.claims["tool"] and _message(frame, table, "")
    server = ids.as_id(read_string(frame.params["server_id"]) or "")
    return bool(server) and frame.method == "tools/call" and _message(frame, table, server or "")


def _message(frame: jsonrpc.Frame, table: Table, server: str) -> bool:
    """Notifications say what is so, and a question takes one answer: twice is once."""
    method = frame.method
    if not isinstance(method, str):
        return True
    if not frame.is_request:
        return method.startswith("notifications/")
    if method != "tools/call":
        return method in REPEATABLE
    params = frame.params if isinstance(frame.params, dict) else {}
    name = read_string(params.get("name"))
    return name is not None and _harmless(name, table, server)


def _harmless(name: str, table: Table, server_id: str) -> bool:
    if not server_id:
        claims = table.indexes.claims["tool"].get(name) or ()
        return _all_harmless(table.tools[id] for id in claims if id in table.tools)
    server = table.servers.get(server_id)
    return server is not None and _all_harmless(_offered(server, name, table))


def _offered(server: Server, name: str, table: Table) -> list[Tool]:
    """Every member that somebody may be offered under this name. Where a prefixed name is taken,
    who sees what decides which member gets which number, so nothing is told about any."""
    members = [table.tools[id] for id in server.tools if id in table.tools]
    taken = {each.name for each in members}
    if len(taken) < len(members):
        return []
    if server.naming != "original":
        return [each for each in members if each.name == name]
    if any(each.original_name != each.name and each.original_name in taken for each in members):
        return []
    return [each for each in members if name in (each.name, each.original_name)]


def _all_harmless(tools: Iterable[Tool]) -> bool:
    found = list(tools)
    return bool(found) and all(map(harmless, found))
