"""`POST /protocol/...`, `/initialize`, `/notifications`: single methods of MCP as REST.

The body is the params of the method, the answer its bare result. They act on everything that the
caller may see and keep no session. `sampling/createMessage` is asked of a client of the caller that
listens, wherever.
"""

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, InvalidCall
from mcpgateway.common.jsonrpc import Params
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.body import read_object
from mcpgateway.data_plane.edge.callers import Callers
from mcpgateway.data_plane.edge.rest import RestForm
from mcpgateway.data_plane.edge.single import Asked, single_call
from mcpgateway.data_plane.pipeline import answer, compose
from mcpgateway.data_plane.pipeline.admitting.authorize import admit
from mcpgateway.data_plane.pipeline.asking.unprompted import METHODS, Unprompted
from mcpgateway.data_plane.pipeline.call import Result

_BARE = RestForm()


class ProtocolEndpoint:
    """Serves the methods that `edge.routes` names."""

    def __init__(self, callers: Callers, routes: compose.Routes, unprompted: Unprompted) -> None:
        self._callers = callers
        self._routes = routes
        self._unprompted = unprompted

    def handle(self, exchange: Exchange, method: str) -> None:
        if exchange.method != "POST":
            errors.refuse_method(exchange, b"POST")
            return
        try:
            self._answer(exchange, method)
        except GatewayError as error:
            errors.refuse_with(exchange, error)

    def _answer(self, exchange: Exchange, method: str) -> None:
        lines = dict(exchange.headers)
        visit = self._callers.identify(exchange, lines)
        view = admit(visit.table, visit.caller, "")
        params = read_object(exchange, lines)
        match method:
            case "notifications":
                _check_notification(params)
                exchange.respond(200, (answer.JSON,), b"{}")
            case "ping" if "jsonrpc" in params:
                _pong(exchange)
            case _:
                call = single_call(exchange, visit, view, Asked(method, params), _BARE)
                if method in METHODS:
                    self._unprompted.ask(call)
                else:
                    compose.run(self._routes, call)


def _check_notification(members: Params) -> None:
    """Without a session none of them changes anything. Raises InvalidCall."""
    method = read_string(members.get("method")) or ""
    if not method.startswith("notifications/"):
        raise InvalidCall("method must be the name of a notification: notifications/...")


def _pong(exchange: Exchange) -> None:
    """Who sends a JSON-RPC request is answered by JSON-RPC. Raises InvalidCall."""
    try:
        frame = jsonrpc.decode_frame(exchange.body)
    except jsonrpc.FrameError as error:
        raise InvalidCall(error.message) from error
    if frame.method != "ping" or not isinstance(frame.id, int | str):
        raise InvalidCall('a JSON-RPC request sent here must have the method "ping" and an id')
    answer.result(exchange, frame.id, Result(b"{}"))
