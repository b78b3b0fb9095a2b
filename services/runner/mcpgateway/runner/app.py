"""Which path is which room, as one application of the HTTP server."""

from collections.abc import Mapping

from mcpgateway.common import jsonrpc
from mcpgateway.common.runtime.http.exchange import Application, BodyPlan, Exchange

_JSON = ((b"content-type", b"application/json"),)
_ALIVE = {"/health": b'{"status":"healthy"}', "/ready": b'{"ready":true}'}  # it needs nobody else


class App:
    """`rooms` by the first segment of their paths. Each judges its callers itself."""

    def __init__(self, rooms: Mapping[str, Application]) -> None:
        self._rooms = rooms

    def head(self, exchange: Exchange) -> BodyPlan | None:
        if exchange.path in _ALIVE:
            exchange.respond(200, _JSON, _ALIVE[exchange.path])
            return None
        room = self._room(exchange)
        if room is None:
            exchange.respond(404, _JSON, jsonrpc.encode({"detail": "there is no such path"}))
            return None
        return room.head(exchange)

    def handle(self, exchange: Exchange) -> None:
        room = self._room(exchange)
        if room is not None:
            room.handle(exchange)

    def _room(self, exchange: Exchange) -> Application | None:
        return self._rooms.get(exchange.path[1:].partition("/")[0])
