"""Reading through: `POST /prompts/{prompt}` and `GET /resources/{resource}` fetch the content of
one prompt or resource from its upstream.

A call made here has a view that offers this one thing, so it goes the way of every other call.
"""

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, UpstreamRejected
from mcpgateway.common.jsonrpc import Params
from mcpgateway.common.routing.view import View
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.body import read_object
from mcpgateway.data_plane.edge.callers import Callers, Visit
from mcpgateway.data_plane.edge.rest import RestForm
from mcpgateway.data_plane.edge.single import Asked, single_call
from mcpgateway.data_plane.pipeline import compose
from mcpgateway.data_plane.pipeline.admitting.authorize import admit, prompt_named, resource_named

_contents = msgspec.json.Decoder(list[Params])


class ReadThrough:
    """Serves both. Prompts and resources are named by id, or by name and URI."""

    def __init__(self, callers: Callers, routes: compose.Routes) -> None:
        self._callers = callers
        self._routes = routes

    def prompt(self, exchange: Exchange, name: str) -> None:
        """The body is an object of the prompt's arguments."""
        try:
            lines = dict(exchange.headers)
            visit = self._visit(exchange, lines)
            prompt = prompt_named(visit.table, visit.caller, name)
            arguments = read_object(exchange, lines)
        except GatewayError as error:
            errors.refuse_with(exchange, error)
            return
        view = View.of_prompt(prompt, admit(visit.table, visit.caller, "").permits)
        params = {
            "name": _text(prompt.name),
            "arguments": msgspec.Raw(jsonrpc.join_params(arguments)),
        }
        asked = Asked("prompts/get", params)
        compose.run(self._routes, single_call(exchange, visit, view, asked, _PROMPT))

    def resource(self, exchange: Exchange, name: str) -> None:
        try:
            visit = self._visit(exchange, dict(exchange.headers))
            resource, uri = resource_named(visit.table, visit.caller, name)
        except GatewayError as error:
            errors.refuse_with(exchange, error)
            return
        view = View.of_resource(resource, admit(visit.table, visit.caller, "").permits)
        asked = Asked("resources/read", {"uri": _text(uri)})
        form = RestForm(_ResourceShape(resource.id))
        compose.run(self._routes, single_call(exchange, visit, view, asked, form))

    def _visit(self, exchange: Exchange, lines: dict[bytes, bytes]) -> Visit:
        """Strangers are turned away before anything is looked up."""
        visit = self._callers.identify(exchange, lines)
        admit(visit.table, visit.caller, "")
        return visit


class _ResourceShape:
    """The first of a resource's contents, as `{type, id, uri, mimeType, text | blob}`."""

    def __init__(self, id: str) -> None:
        self._id = id

    def __call__(self, result: Params) -> bytes:
        try:
            contents = _contents.decode(result.get("contents", b"[]"))
        except msgspec.DecodeError as error:
            message = f"the upstream's contents are no list of objects: {error}"
            raise UpstreamRejected(message) from error
        if not contents:
            raise UpstreamRejected("the upstream answered without contents")
        first = contents[0]
        return jsonrpc.join_params(
            {
                "type": _text("resource"),
                "id": _text(self._id),
                "uri": first.get("uri", _NULL),
                "mimeType": first.get("mimeType", _NULL),
                **{name: first[name] for name in ("text", "blob") if name in first},
            }
        )


def _prompt_shape(result: Params) -> bytes:
    return jsonrpc.join_params({"description": _NULL, **result})


def _text(text: str) -> msgspec.Raw:
    return msgspec.Raw(jsonrpc.encode(text))


_NULL = msgspec.Raw(b"null")
_PROMPT = RestForm(_prompt_shape)
