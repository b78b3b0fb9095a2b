"""Tools of a virtual server for whoever speaks no MCP: `POST /servers/{id}/tools/{name}` calls one,
`GET /servers/{id}/openapi.json` describes all.

The body of a call is the tool's arguments, the answer its result as MCP has it. A tool that says
that it failed is 422, a problem with what the tool said. A call made here goes the way of every
other call. Names are those that MCP clients are offered; at a server in search mode it is the three
tools of ours that are described, and all can be called.
"""

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, NotFound
from mcpgateway.common.jsonrpc import Params
from mcpgateway.common.routing.search_tools import NAMES
from mcpgateway.common.routing.view import View
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.body import read_object
from mcpgateway.data_plane.edge.callers import Admission, Callers, Visit
from mcpgateway.data_plane.edge.challenges import lacking
from mcpgateway.data_plane.edge.plain_tool_form import PLAIN
from mcpgateway.data_plane.edge.routes import server_and_tool
from mcpgateway.data_plane.edge.single import Asked, single_call
from mcpgateway.data_plane.edge.tools_documents import ToolsDocuments
from mcpgateway.data_plane.pipeline import compose

TOOL = "tool"  # in the notes of an exchange: the one that is called
_CALL = "tools/call"


class PlainTools:
    """Serves both."""

    def __init__(self, callers: Callers, routes: compose.Routes, documents: ToolsDocuments) -> None:
        self._callers = callers
        self._routes = routes
        self._documents = documents

    def call(self, exchange: Exchange, name: str) -> None:
        """`name` as `edge.routes` has it. Other methods than POST are not sent here."""
        server, tool = server_and_tool(name)
        try:
            table, caller, view, lines = self._admission(exchange, server)
            _check_offered(view, tool)
            arguments = read_object(exchange, dict(lines))
        except GatewayError as error:
            errors.refuse_with(exchange, error)
            return
        exchange.notes[TOOL] = tool
        asked = Asked(_CALL, _params(tool, arguments))
        call = single_call(exchange, Visit(table, caller), view, asked, PLAIN)
        compose.run(self._routes, call)

    def document(self, exchange: Exchange, server: str) -> None:
        if exchange.method != "GET":
            errors.refuse_method(exchange, b"GET")
            return
        try:
            admission = self._admission(exchange, server)
        except GatewayError as error:
            errors.refuse_with(exchange, error)
            return
        self._documents.answer(exchange, admission.view)

    def _admission(self, exchange: Exchange, server: str) -> Admission:
        """Raises GatewayError."""
        admission = self._callers.admit(exchange, server)
        lack = lacking(admission.caller.subject.scope, _CALL)
        if lack is not None:
            raise lack
        return admission


def _check_offered(view: View, name: str) -> None:
    if name not in view.tools and not (view.searched and name in NAMES):
        raise NotFound(f"no tool {name!r} at this server for this caller")


def _params(name: str, arguments: Params) -> Params:
    return {
        "name": msgspec.Raw(jsonrpc.encode(name)),
        "arguments": msgspec.Raw(jsonrpc.join_params(arguments)),
    }
