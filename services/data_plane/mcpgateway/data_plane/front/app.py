"""The front as one application: what it answers itself, and what it passes on."""

from collections.abc import Callable

import msgspec

from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.app import MCP_BODY, forwarded_body, mcp_body
from mcpgateway.data_plane.edge.forward import has_body
from mcpgateway.data_plane.edge.health import NO_STORE, TableStatus
from mcpgateway.data_plane.edge.routes import Room, resolve
from mcpgateway.data_plane.front.passing import Passing, Way
from mcpgateway.data_plane.pipeline.answer import JSON

_PLAN = "plan of a front"  # in the notes of an exchange
_EMPTY = BodyPlan(0)
_WHOLE = BodyPlan(MCP_BODY)
_STREAMING: tuple[Room, ...] = ("control-plane", "admin")


class Front:
    """Implements `Application`. `own` are the rooms that it answers itself."""

    def __init__(self, way: Way, status: Callable[[], TableStatus]) -> None:
        self._way = way
        self._status = status
        self._draining = False
        self.own: dict[Room, Callable[[Exchange], None]] = {
            "health": _health,
            "ready": self._ready,
            "ws": _no_websocket,
            "tunnel": _no_tunnel,
        }

    def head(self, exchange: Exchange) -> BodyPlan | None:
        plan: BodyPlan | None = exchange.notes.get(_PLAN)
        if plan is not None:
            return plan
        if not exchange.path.startswith("/"):
            message = f"the request target must be a path, got {exchange.path!r}"
            errors.refuse(exchange, 400, "invalid_call", message)
            return None
        room = resolve(exchange.method, exchange.path).room
        if room in ("mcp", "rpc", "message"):
            plan = mcp_body(exchange)
        elif room in _STREAMING:
            return forwarded_body(exchange)
        else:
            plan = _WHOLE if has_body(exchange) else _EMPTY
        if plan is not None and room == "mcp":
            exchange.notes[_PLAN] = plan
        return plan

    def handle(self, exchange: Exchange) -> None:
        room = resolve(exchange.method, exchange.path).room
        answer = self.own.get(room)
        if answer is not None:
            answer(exchange)
            return
        self.pass_on(exchange, streamed=room in _STREAMING and not exchange.body)

    def pass_on(self, exchange: Exchange, *, streamed: bool = False) -> None:
        """To a replica. `streamed`: a body may come piece by piece."""
        Passing(exchange, self._way, streamed=streamed and has_body(exchange)).start()

    def drain(self) -> None:
        """Says that it is not ready any more, and ends what would stay open for ever."""
        self._draining = True
        for stream in tuple(self._way.standing):
            stream.end()

    def _ready(self, exchange: Exchange) -> None:
        """Whether there is a replica; of the table it says what the front itself holds."""
        replicas, status = self._way.replicas, self._status()
        why = "draining" if self._draining else "" if replicas.usable else "no replica is ready"
        body: dict[str, object] = {
            "ready": not why,
            "replicas": replicas.status(),
            "table": {
                "registry": status.registry,
                "revision": status.revision,
                "age_s": None if status.age is None else round(status.age, 3),
                "source": status.source,
            },
            "nats": status.nats,
        }
        if why:
            body["reason"] = why
        exchange.respond(503 if why else 200, (JSON, NO_STORE), msgspec.json.encode(body))


def _health(exchange: Exchange) -> None:
    exchange.respond(200, (JSON, NO_STORE), b'{"status":"healthy"}')


def _no_tunnel(exchange: Exchange) -> None:
    message = "tunnels are not opened through a front: connect to a replica, or run without one"
    errors.refuse(exchange, 501, "not_served", message)


def _no_websocket(exchange: Exchange) -> None:
    message = "WebSocket is not served through a front: connect to a replica, or run without one"
    errors.refuse(exchange, 501, "not_served", message)
