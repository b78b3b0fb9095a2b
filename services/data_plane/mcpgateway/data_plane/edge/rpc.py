"""`POST /rpc`: one JSON-RPC message, one JSON answer, no session and no stream.

It is a legacy exchange of its own: whatever revision a client names, its answer is read without
asking for more. `params.server_id` picks a virtual server. A method that nobody knows but that is
the name of a tool calls it, with the params as arguments. `roots/list` shows the gateway's own.
`sampling/createMessage` and `elicitation/create` are asked of a client of the caller that listens,
wherever.
"""

import msgspec

from mcpgateway.common import ids, jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.jsonrpc import Frame, FrameError, Params
from mcpgateway.common.mcp.envelope import Problem, read_string
from mcpgateway.common.routing.view import View
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.body import NotJson, require_json
from mcpgateway.data_plane.edge.callers import Callers, Visit
from mcpgateway.data_plane.edge.single import Asked, single_call
from mcpgateway.data_plane.pipeline import answer, compose
from mcpgateway.data_plane.pipeline.admitting.authorize import admit
from mcpgateway.data_plane.pipeline.asking.unprompted import METHODS, Unprompted
from mcpgateway.data_plane.pipeline.call import Result
from mcpgateway.data_plane.pipeline.forms import WHOLE

SERVER = "server_id"
_ALIASES = {"list_tools": "tools/list", "list_roots": "roots/list"}
_NOTIFICATIONS = "notifications/"
_NO_SERVER = answer.invalid_param(SERVER, "must be a virtual server's id: 32 hexadecimal digits")


class RpcEndpoint:
    """Serves `/rpc`."""

    def __init__(self, callers: Callers, routes: compose.Routes, unprompted: Unprompted) -> None:
        self._callers = callers
        self._routes = compose.with_roots(routes)
        self._unprompted = unprompted

    def handle(self, exchange: Exchange) -> None:
        if exchange.method != "POST":
            errors.refuse_method(exchange, b"POST")
            return
        lines = dict(exchange.headers)
        try:
            visit = self._callers.identify(exchange, lines)
            require_json(lines)
            self._message(exchange, visit, jsonrpc.decode_frame(exchange.body))
        except FrameError as error:
            answer.refuse_message(exchange, error.id, Problem(error.code, error.message))
        except NotJson as error:
            errors.refuse_with(exchange, error)
        except GatewayError as error:
            errors.refuse_caller(exchange, error)

    def _message(self, exchange: Exchange, visit: Visit, frame: Frame) -> None:
        if not isinstance(frame.method, str):
            raise FrameError(jsonrpc.INVALID_REQUEST, "a response answers nothing here")
        id = frame.id if isinstance(frame.id, int | str) else None
        params = dict(frame.params) if isinstance(frame.params, dict) else {}
        server = _server(params.pop(SERVER, None))
        if server is None:
            answer.refuse_message(exchange, id, _NO_SERVER)
            return
        view = admit(visit.table, visit.caller, server)
        if id is None:
            answer.accept(exchange)
        elif frame.method.startswith(_NOTIFICATIONS):
            # Said as a request by clients that want an answer to everything.
            answer.result(exchange, id, Result(b"{}"))
        else:
            method, params = self._meant(frame.method, params, view)
            call = single_call(exchange, visit, view, Asked(method, params, id), WHOLE)
            if method in METHODS:
                self._unprompted.ask(call)
            else:
                compose.run(self._routes, call)

    def _meant(self, method: str, params: Params, view: View) -> tuple[str, Params]:
        method = _ALIASES.get(method, method)
        if method in self._routes["legacy"] or method not in view.tools:
            return method, params
        named = msgspec.Raw(jsonrpc.encode(method))
        arguments = msgspec.Raw(jsonrpc.join_params(params))
        return "tools/call", {"name": named, "arguments": arguments}


def _server(raw: msgspec.Raw | None) -> str | None:
    """The virtual server that params name, "" for everything, None for what can be no id."""
    if raw is None or bytes(raw) == b"null":
        return ""
    return ids.as_id(read_string(raw) or "")
