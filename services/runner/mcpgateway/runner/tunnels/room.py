"""/tunnels: who may open one, and who may ask through it.

`GET /tunnels/{id}` is a WebSocket, which a data plane's edge hands through for somebody who may
serve the gateway. `/tunnels/{id}/mcp` is the MCP of that gateway, for who has a ticket of the
control plane for it.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence

from mcpgateway.common import edge, jsonrpc, tickets
from mcpgateway.common.errors import GatewayError, InvalidCall, NotFound, Unauthenticated
from mcpgateway.common.policy.passthrough import HOP_BY_HOP
from mcpgateway.common.runtime.carried.frames import Request
from mcpgateway.common.runtime.http import websocket_handshake
from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange
from mcpgateway.common.seal import Sealer
from mcpgateway.common.tickets import Ticket, TicketError
from mcpgateway.common.tunnel.greeting import SUBPROTOCOL
from mcpgateway.runner.tunnels.hub import Hub

BODY = 4 * 1024 * 1024  # bytes
_OPENED = 4096  # tickets that are known to be good
_PATH = re.compile(r"/tunnels/([A-Za-z0-9_-]{1,64})(/mcp)?")
_JSON = ((b"content-type", b"application/json"),)
_RETRY = (b"retry-after", b"5")
# What is of this hop alone, or must not leave the cluster.
_OURS = HOP_BY_HOP | {tickets.HEADER, b"host", b"content-length", edge.HEADER, edge.PEER}


class TunnelRoom:
    """An application of the HTTP server. `secrets`: see `keys.tunnel_secrets`; `clock` gives
    seconds since 1970."""

    def __init__(
        self, hub: Hub, ring: Sealer, secrets: Sequence[str], clock: Callable[[], float]
    ) -> None:
        self._hub = hub
        self._ring = ring
        self._secrets = tuple(secret.encode() for secret in secrets)
        self._clock = clock
        self._good: OrderedDict[tuple[str, bytes], None] = OrderedDict()

    def head(self, exchange: Exchange) -> BodyPlan | None:
        try:
            id, mcp = _place(exchange)
            if mcp:
                self._check_ticket(exchange, id)
                return BodyPlan(BODY)
            self._check_edge(exchange)
            return BodyPlan(0)
        except GatewayError as error:
            _refuse(exchange, error.status, error.message)
        return None

    def handle(self, exchange: Exchange) -> None:
        id, mcp = _place(exchange)
        if mcp:
            self._ask(exchange, id)
        else:
            self._open(exchange, id)

    def _ask(self, exchange: Exchange, id: str) -> None:
        def gone(why: str) -> None:
            _refuse(exchange, 503, why)

        self._hub.ask(id, exchange, _request(exchange, self._clock()), gone)

    def _open(self, exchange: Exchange, id: str) -> None:
        listener = self._hub.listen(id)
        socket = exchange.websocket(listener, subprotocol=SUBPROTOCOL)
        if socket is not None:
            listener.opened(socket)
            return
        refusal = websocket_handshake.refusal(exchange)
        status, text = refusal or (426, "a tunnel is opened over HTTP/1.1")
        _refuse(exchange, status, text)

    def _check_edge(self, exchange: Exchange) -> None:
        """Raises Unauthenticated."""
        if not edge.trusted(exchange.headers, self._secrets):
            raise Unauthenticated("tunnels are opened through a data plane")

    def _check_ticket(self, exchange: Exchange, id: str) -> None:
        """Raises Unauthenticated. The last ones are remembered: opening one costs more than a
        look."""
        text = exchange.header(tickets.HEADER) or b""
        if (id, text) in self._good:
            return
        try:
            tickets.read(self._ring, "tunnel", id, text.decode("latin-1"), Ticket)
        except TicketError as error:
            raise Unauthenticated(str(error)) from error
        self._good[(id, text)] = None
        if len(self._good) > _OPENED:
            self._good.popitem(last=False)


def _place(exchange: Exchange) -> tuple[str, bool]:
    """The upstream's id, and whether its MCP is meant. Raises NotFound, InvalidCall."""
    found = _PATH.fullmatch(exchange.path)
    if found is None:
        raise NotFound("there is no such path")
    if found[2] and exchange.method not in ("GET", "POST", "DELETE"):
        raise InvalidCall("MCP takes GET, POST and DELETE")
    return found[1], bool(found[2])


def _request(exchange: Exchange, now: float) -> Request:
    """As the other end is asked: at its own endpoint, without what is of this hop."""
    lines = [line for line in exchange.headers if line[0] not in _OURS]
    lines.append((b"host", b"localhost"))
    return Request(now, exchange.method, b"/mcp", "/mcp", "", lines, ("", 0), "http", exchange.body)


def _refuse(exchange: Exchange, status: int, message: str) -> None:
    headers = [*_JSON]
    if status == 503:
        headers.append(_RETRY)
    exchange.respond(status, headers, jsonrpc.error(None, jsonrpc.INVALID_REQUEST, message))
