"""Tools that are REST operations: a call becomes an HTTP request on the pooled client, the answer
a result. What goes wrong on the way is a result, too, which tells the model what to change.

Follows no redirects. Reads answers whole, up to 8 MiB.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import msgspec
from typing_extensions import override

from mcpgateway.common import jsonrpc, strict_json
from mcpgateway.common.errors import (
    GatewayError,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.common.mcp import tool_result
from mcpgateway.common.mcp.headers import PARAM_PREFIX
from mcpgateway.common.rest import building, results
from mcpgateway.common.rest.building import Built, Operation
from mcpgateway.common.rest.results import Answer, Asked
from mcpgateway.common.routing import rest_request
from mcpgateway.common.routing.model import Tool
from mcpgateway.common.runtime.http import request_url
from mcpgateway.common.runtime.http.client import HttpClient, Origin, Receiver, Ticket, Timeouts
from mcpgateway.data_plane.upstreams.message_reader import encoded
from mcpgateway.data_plane.upstreams.per_tool import PerTool
from mcpgateway.data_plane.upstreams.request import OVER, Sink, UpstreamRequest
from mcpgateway.data_plane.upstreams.targets import USER_AGENT, callers_lines, lines

log = logging.getLogger(__name__)

MAX_BODY = 8 * 1024 * 1024  # bytes of an answer
TIMEOUT = 60.0  # seconds to the first byte, for a tool that says nothing
_KEPT = 10_000  # operations worked out
_STRUCTURED = b'"outputSchema"'

Counted = Callable[[str], None]
"""Hears how each request ended: its status (`2xx` ...), or the code of an error."""


class _Known(NamedTuple):
    """What is the same for all calls of one tool."""

    tool: Tool
    operation: Operation
    origin: Origin
    timeouts: Timeouts
    base: bytes  # the header lines that all requests have


class RestClient:
    """Sends in the turn of the loop in which it is asked."""

    def __init__(
        self, http: HttpClient, timeouts: Timeouts, counted: Counted = lambda _outcome: None
    ) -> None:
        self._http = http
        self._timeouts = timeouts
        self._counted = counted
        self._known = PerTool(self._made, _KEPT)

    def send(self, request: UpstreamRequest, tool: Tool, sink: Sink) -> Ticket:
        """Arguments that can not be sent are answered before this returns. Raises GatewayError
        when the tool can not be called at all."""
        known = self._known.of(tool)
        try:
            built = building.build(known.operation, request.params.get("arguments", b"{}"))
        except strict_json.Unreadable as unread:
            said = f"params.arguments{unread.located.pointer} {unread.located.problem}"
            sink.answer(jsonrpc.error(request.id, jsonrpc.INVALID_PARAMS, said), status=400)
            return OVER
        except building.BadArguments as bad:
            said = tool_result.listed("The arguments can not be sent", bad.problems)
            result = tool_result.failed(request.client.era, said)
            sink.answer(jsonrpc.response(request.id, result))
            return OVER
        receiver = _Receiver(self._asked(known, request, built), request.id, sink, self._counted)
        receiver.ticket = self._http.send(
            known.origin,
            _head(known, built, request),
            built.body,
            receiver,
            safe=request.safe,
            timeouts=known.timeouts,
        )
        return receiver

    def _made(self, tool: Tool) -> _Known:
        try:
            operation = building.operation(rest_request.decode(tool.request))
            origin, _ = request_url.split(operation.url.base)
        except (msgspec.DecodeError, ValueError, GatewayError) as error:
            raise UpstreamUnreachable(f"tool {tool.name!r} can not be called: {error}") from error
        own = {name for name, _ in operation.headers}
        common = [(b"host", request_url.host_value(origin)), (b"accept-encoding", b"identity")]
        if b"user-agent" not in own:
            common.append((b"user-agent", USER_AGENT))
        seconds = tool.timeout_ms / 1000 or TIMEOUT
        total = seconds if tool.timeout_ms else self._timeouts.total
        timeouts = replace(self._timeouts, first_byte=seconds, total=total)
        return _Known(tool, operation, origin, timeouts, lines([*common, *operation.headers]))

    def _asked(self, known: _Known, request: UpstreamRequest, built: Built) -> Asked:
        operation = known.operation
        url = operation.url.base + built.target.partition("?")[0]
        return Asked(
            f"{operation.request.method} {url}",
            url,
            request.client.era,
            request.client.revision,
            _STRUCTURED in known.tool.definition,
            not request.safe,
        )


def _head(known: _Known, built: Built, request: UpstreamRequest) -> bytes:
    """What the tool sets goes before what comes with the call, that before arguments."""
    line = b"%b %b HTTP/1.1\r\n" % (known.operation.request.method.encode(), built.target.encode())
    own = {name for name, _ in built.headers}
    sent = [
        each
        for each in request.headers
        if each[0] not in own and not each[0].startswith(PARAM_PREFIX)
    ]
    taken = own | {name for name, _ in sent}
    argued = [each for each in built.argued if each[0] not in taken]
    return line + known.base + callers_lines(sent) + lines(argued)


class _Receiver(Receiver):
    """Reads one answer, and is the ticket of its request: set `ticket` once that is sent."""

    ticket: Ticket | None = None

    def __init__(self, asked: Asked, id: jsonrpc.Id, sink: Sink, counted: Counted) -> None:
        self._asked = asked
        self._id = id
        self._sink = sink
        self._counted = counted
        self._status = 0
        self._headers: dict[bytes, str] = {}
        self._parts: list[bytes] = []
        self._size = 0
        self._over = False

    # The ticket.

    def cancel(self) -> None:
        self._over = True
        if self.ticket is not None:
            self.ticket.cancel()

    def pause(self) -> None:
        """Nothing is passed on before all is there."""

    def resume(self) -> None:
        """See `pause`."""

    # The response.

    @override
    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._status = status
        for name, value in headers:
            self._headers.setdefault(name, value.decode("latin-1"))
        if encoded(headers):
            kind = self._headers[b"content-encoding"][:40]
            self._broken(f"answered in the content encoding {kind!r}, asked for identity")

    @override
    def chunk(self, data: bytes) -> None:
        if self._over:
            return
        self._size += len(data)
        if self._size > MAX_BODY:
            self._broken(f"answered with over {MAX_BODY} bytes; ask for less at once")
        else:
            self._parts.append(data)

    @override
    def done(self) -> None:
        if self._over:
            return
        self._over = True
        self._counted(f"{self._status // 100}xx")
        header = self._headers.get
        answer = Answer(
            self._status,
            header(b"content-type", ""),
            b"".join(self._parts),
            header(b"location", ""),
            header(b"retry-after", ""),
        )
        self._answer(results.result(self._asked, answer))

    @override
    def failed(self, error: GatewayError) -> None:
        if self._over:
            return
        self._over = True
        self._counted(error.code)
        if not isinstance(error, UpstreamError):
            self._sink.failed(error)  # ours, and better next time
            return
        unsent = isinstance(error, UpstreamTimeout) and error.unsent
        may_be_done = not (unsent or isinstance(error, UpstreamUnreachable))
        said = results.failure(self._asked, error.message, may_be_done=may_be_done)
        self._answer(said)

    def _broken(self, said: str) -> None:
        self.cancel()
        self._parts.clear()
        self._counted("unusable")
        self._answer(results.failure(self._asked, said, may_be_done=True))

    def _answer(self, result: bytes) -> None:
        self._sink.answer(jsonrpc.response(self._id, result))
