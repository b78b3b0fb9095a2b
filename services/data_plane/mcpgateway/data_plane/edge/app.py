"""The data plane as one application: every public request comes in here and is sent to a room."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mcpgateway.common import edge, jsonrpc
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.policy.security_headers import SecurityHeaders
from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.channels import Channels
from mcpgateway.data_plane.edge.cors import Cors
from mcpgateway.data_plane.edge.cutting import Cutting
from mcpgateway.data_plane.edge.forward import Forwarder, has_body
from mcpgateway.data_plane.edge.health import Health
from mcpgateway.data_plane.edge.mcp import McpEndpoint
from mcpgateway.data_plane.edge.metrics import MetricsEndpoint
from mcpgateway.data_plane.edge.origin import OriginPolicy
from mcpgateway.data_plane.edge.plain_tools import PlainTools
from mcpgateway.data_plane.edge.protected_resources import ResourceMetadata
from mcpgateway.data_plane.edge.protocol import ProtocolEndpoint
from mcpgateway.data_plane.edge.read_through import ReadThrough
from mcpgateway.data_plane.edge.routes import Room, resolve
from mcpgateway.data_plane.edge.rpc import RpcEndpoint
from mcpgateway.data_plane.edge.tunnels import Tunnels
from mcpgateway.data_plane.pipeline import answer

MCP_BODY = 4 * 1024 * 1024  # bytes, taken whole
FORWARDED_BODY = 64 * 1024 * 1024  # bytes, streamed; the owner has limits of its own behind
SMALL_BODY = 64 * 1024  # a forwarded body of at most this declared size is taken whole
# Whose answers are for MCP clients, and say nothing to browsers but who may read them.
_OF_MCP: frozenset[Room] = frozenset(("mcp", "sse", "message", "ws", "rpc", "protocol"))
_PLAN = "plan"  # in the notes of an exchange
_FRONTS = (edge.HEADER, edge.PEER)
_EMPTY = BodyPlan(0)
_WHOLE = BodyPlan(MCP_BODY)
_SMALL = BodyPlan(SMALL_BODY)
_STREAMED = BodyPlan(FORWARDED_BODY, stream=True)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What is answered from the routing table."""

    mcp: McpEndpoint
    channels: Channels
    rpc: RpcEndpoint
    protocol: ProtocolEndpoint
    reading: ReadThrough
    tools: PlainTools


class Edge:
    """Implements `Application`."""

    def __init__(
        self,
        endpoints: Endpoints,
        forwarder: Forwarder,
        health: Health,
        origins: OriginPolicy,
        front_secrets: Sequence[str] = (),
    ) -> None:
        """`front_secrets`: by which a front that passes requests on is known."""
        self._front_secrets = tuple(secret.encode() for secret in front_secrets)
        self._mcp = endpoints.mcp
        self._origins = origins
        self._cors = Cors()
        self._security = SecurityHeaders()
        self.cutting: Cutting | None = None  # of who may no longer call
        self._drain = endpoints.channels.close
        self._tunnels: Tunnels | None = None
        self._rooms: dict[Room, Callable[[Exchange, str], None]] = {
            "sse": endpoints.channels.stream,
            "message": endpoints.channels.message,
            "ws": endpoints.channels.socket,
            "rpc": lambda exchange, _: endpoints.rpc.handle(exchange),
            "protocol": endpoints.protocol.handle,
            "tool": endpoints.tools.call,
            "tools-document": endpoints.tools.document,
            "prompt": endpoints.reading.prompt,
            "resource": endpoints.reading.resource,
            "health": lambda exchange, _: health.health(exchange),
            "ready": lambda exchange, _: health.ready(exchange),
            "control-plane": lambda exchange, _: forwarder.handle(exchange, "control-plane"),
            "admin": lambda exchange, _: forwarder.handle(exchange, "admin"),
            "metrics": _refuse_absent,
            "metrics-replica": _refuse_absent,
            "resource-metadata": _refuse_absent,
            "tunnel": _refuse_absent,
            "absent": _refuse_absent,
        }

    def show(self, metrics: MetricsEndpoint) -> None:
        """Serve metrics too, which know more than the edge."""
        self._rooms["metrics"] = metrics.handle
        self._rooms["metrics-replica"] = metrics.handle_sibling

    def pass_tunnels(self, tunnels: Tunnels) -> None:
        """Hand tunnels through, too."""
        self._rooms["tunnel"] = tunnels.handle
        self._tunnels = tunnels

    def open(
        self,
        cors: Cors,
        resources: ResourceMetadata,
        security: SecurityHeaders | None = None,
    ) -> None:
        """Let pages of other origins read, and tell clients where tokens are to be had. `security`:
        what answers beside MCP's tell browsers."""
        self._cors = cors
        self._security = security or self._security
        self._rooms["resource-metadata"] = resources.handle

    def drain(self) -> None:
        """Ends what would stay open for ever: clients go on at another replica."""
        self._drain()
        if self._tunnels is not None:
            self._tunnels.close()

    def head(self, exchange: Exchange) -> BodyPlan | None:
        noted: BodyPlan | None = exchange.notes.get(_PLAN)
        return self._plan(exchange) if noted is None else noted

    def _plan(self, exchange: Exchange) -> BodyPlan | None:
        problem = self._origins.problem(exchange)
        if problem is not None:
            self._warn(exchange)
            errors.refuse(exchange, 403, "denied", problem)
            return None
        if exchange.header(b"origin") is not None and self._of_page(exchange):
            return None
        if not exchange.path.startswith("/"):
            # What is forwarded is appended to a base URL: it must not be able to change the host.
            self._warn(exchange)
            message = f"the request target must be a path, got {exchange.path!r}"
            errors.refuse(exchange, 400, "invalid_call", message)
            return None
        room = resolve(exchange.method, exchange.path).room
        if room in ("mcp", "rpc", "message"):
            return mcp_body(exchange)
        if room in ("control-plane", "admin"):
            return forwarded_body(exchange)
        return _WHOLE if has_body(exchange) else _EMPTY

    def _of_page(self, exchange: Exchange) -> bool:
        """Whether it was a preflight of a page that may read, which is answered here. What another
        page may read, whoever answers says itself."""
        exchange.add_lines(self._cors.lines(exchange))
        preflight = self._cors.preflight(exchange) if self._cors.allows(exchange) else None
        if preflight is not None:
            exchange.respond(204, preflight)
        return preflight is not None

    def handle(self, exchange: Exchange) -> None:
        room, name = resolve(exchange.method, exchange.path)
        if room == "mcp":  # the most frequent by far
            self._mcp.handle(exchange, name)
        else:
            self._reveal(exchange)
            if room not in _OF_MCP:
                self._warn(exchange)
            self._rooms[room](exchange, name)

    def _warn(self, exchange: Exchange) -> None:
        """Have browsers be careful with the answer. What a service behind says itself stands."""
        host = (exchange.header(b"host") or b"").decode("latin-1")
        exchange.add_lines(self._security.lines(exchange.scheme, host))

    def _reveal(self, exchange: Exchange) -> None:
        """Who sent what a front passed on. MCP's endpoints do not ask."""
        if exchange.header(edge.PEER) is None:
            return
        if edge.trusted(exchange.headers, self._front_secrets):
            told = edge.told_peer(exchange.headers)
            if told is not None:
                exchange.peer, exchange.scheme = (told[0], 0), told[1]
                exchange.headers = [line for line in exchange.headers if line[0] not in _FRONTS]


def mcp_body(exchange: Exchange) -> BodyPlan | None:
    """A body that says itself that it is too large is refused in words an MCP client can show."""
    declared = _declared(exchange)
    if declared <= MCP_BODY:
        if exchange.header(b"origin") is None:  # else each answer says who may read it
            exchange.notes[_PLAN] = _WHOLE
        return _WHOLE
    message = f"the body is {declared} bytes; at most {MCP_BODY} are taken"
    answer.refuse_message(exchange, None, Problem(jsonrpc.INVALID_REQUEST, message, 413))
    return None


def _declared(exchange: Exchange) -> int:
    """Bytes by Content-Length; 0 without one. The listener has refused malformed ones."""
    return int(exchange.header(b"content-length") or 0)


def forwarded_body(exchange: Exchange) -> BodyPlan:
    """Small bodies are taken whole, so that they go on in one piece; others are streamed."""
    if not has_body(exchange):
        return _EMPTY
    return _SMALL if 0 < _declared(exchange) <= SMALL_BODY else _STREAMED


def _refuse_absent(exchange: Exchange, _name: str) -> None:
    message = f"{exchange.path} is not served; MCP clients use /servers/<id>/mcp or /mcp"
    errors.refuse(exchange, 404, "not_found", message)
