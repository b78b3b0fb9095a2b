"""Tools that are REST operations: a call becomes an HTTP request on the pooled client, the answer
a result. What goes wrong on the way is a result, too, which tells the model what to change.

Follows no redirects. Reads answers whole, up to 8 MiB.
"""

from urllib.parse import parse_qsl

from mcpgateway.common import jsonrpc, strict_json
from mcpgateway.common.mcp import tool_result
from mcpgateway.common.mcp.headers import PARAM_PREFIX
from mcpgateway.common.rest import building
from mcpgateway.common.rest.building import Built
from mcpgateway.common.routing.model import Tool
from mcpgateway.common.runtime.http.client import HttpClient, Timeouts
from mcpgateway.data_plane.upstreams.request import OVER, Sink, Ticket, UpstreamRequest
from mcpgateway.data_plane.upstreams.rest import operations
from mcpgateway.data_plane.upstreams.rest.operations import Known, Operations
from mcpgateway.data_plane.upstreams.rest.rest_call import (
    Counted,
    Outgoing,
    RestCall,
    Sending,
    Times,
)
from mcpgateway.data_plane.upstreams.targets import Targets, callers_lines, lines

_NOTHING: frozenset[str] = frozenset()
_COOKIE = b"cookie"


class RestClient:
    """Sends in the turn of the loop in which it is asked."""

    def __init__(
        self,
        http: HttpClient,
        timeouts: Timeouts,
        counted: Counted = lambda _outcome: None,
        targets: Targets | None = None,
        times: Times | None = None,
    ) -> None:
        """`targets` are those of upstreams; `timeouts` are for tools without one."""
        self._sending = Sending(http, counted, times or Times())
        self._operations = Operations(targets or Targets(timeouts), timeouts)

    def send(self, request: UpstreamRequest, tool: Tool, sink: Sink) -> Ticket:
        """Arguments that can not be sent are answered before this returns. Raises GatewayError
        when the tool can not be called at all."""
        known = self._operations.of(tool, request.upstream)
        query = request.upstream.url.partition("?")[2]
        taken = _keys(query) if query else _NOTHING
        try:
            arguments = request.params.get("arguments", b"{}")
            built = building.build(known.operation, arguments, taken, request.arguments)
        except strict_json.Unreadable as unread:
            said = f"params.arguments{unread.located.pointer} {unread.located.problem}"
            sink.answer(jsonrpc.error(request.id, jsonrpc.INVALID_PARAMS, said), status=400)
            return OVER
        except building.BadArguments as bad:
            said = tool_result.listed("The arguments can not be sent", bad.problems)
            result = tool_result.failed(request.client.era, said)
            sink.answer(jsonrpc.response(request.id, result))
            return OVER
        out = Outgoing(built, known.base + _lines(known, built, request), query)
        call = RestCall(self._sending, known, request, out, sink)
        call.start()
        return call


def _keys(query: str) -> frozenset[str]:
    return frozenset(key for key, _ in parse_qsl(query, keep_blank_values=True))


def _lines(known: Known, built: Built, request: UpstreamRequest) -> bytes:
    """What the tool sets goes before what comes with the call, that before arguments."""
    if not (request.headers or built.argued or built.cookies):
        return _typed(known, built)
    sent = [
        each
        for each in request.headers
        if each[0] not in known.own and not each[0].startswith(PARAM_PREFIX)
    ]
    taken = known.own | {name for name, _ in sent}
    argued = [each for each in built.argued if each[0] not in taken]
    if built.cookies:
        sent = _with_cookies(sent, built.cookies)
    return callers_lines(sent) + lines(argued) + _typed(known, built)


def _typed(known: Known, built: Built) -> bytes:
    same = built.media_type == known.operation.media_type
    return known.typed if same else operations.typed(built.media_type)


def _with_cookies(
    sent: list[tuple[bytes, bytes]], cookies: tuple[tuple[str, str], ...]
) -> list[tuple[bytes, bytes]]:
    """In one line with those that are sent already, of which none is replaced."""
    given = [value for name, value in sent if name == _COOKIE]
    names = {each.partition(b"=")[0].strip() for line in given for each in line.split(b";")}
    added = [f"{key}={value}".encode() for key, value in cookies if key.encode() not in names]
    others = [each for each in sent if each[0] != _COOKIE]
    return [*others, (_COOKIE, b"; ".join([*given, *added]))]
