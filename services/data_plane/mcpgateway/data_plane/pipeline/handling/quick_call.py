"""A call of a tool that has nothing to wait for but its upstream: no task, no future. Its arguments
and its result are held against schemas where they come.

What turns out to take longer (a large result) goes on as a `handled_call`.
"""

from collections.abc import Mapping

import msgspec

from mcpgateway.common import jsonrpc, strict_json
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import tool_result
from mcpgateway.common.routing.model import speaks_mcp
from mcpgateway.data_plane.pipeline.handling import words
from mcpgateway.data_plane.pipeline.handling.handled_call import HandledCall, Send, Tools
from mcpgateway.data_plane.pipeline.handling.judging import AT_ONCE, Judging
from mcpgateway.data_plane.pipeline.sinks.read_sink import Between
from mcpgateway.data_plane.upstreams.request import (
    OVER,
    Answered,
    Question,
    Sink,
    Ticket,
    UpstreamRequest,
)

_NO_ARGUMENTS = msgspec.Raw(b"{}")


def is_quick(judging: Judging, request: UpstreamRequest) -> bool:
    if not judging.quick or (judging.tool.timeout_ms and speaks_mcp(request.upstream)):
        return False
    return len(request.params.get("arguments", b"")) <= AT_ONCE


def send(
    tools: Tools, judging: Judging, send: Send, request: UpstreamRequest, sink: Sink
) -> Ticket:
    """A quick call."""
    if judging.input is not None:
        try:
            values = strict_json.read(request.params.get("arguments", _NO_ARGUMENTS))
        except strict_json.Unreadable as unread:
            sink.answer(words.unread(request, unread), status=400)
            return OVER
        problems = judging.input.at_once(values)
        if problems:
            tools.refused("input")
            result = words.failed(request, words.mismatch(problems))
            sink.answer(jsonrpc.response(request.id, result))
            return OVER
        request = msgspec.structs.replace(request, arguments=values)
    if judging.output is None:
        return send(request, sink)
    call = QuickCall(tools, judging, send, request, sink)
    call.start()
    return call


class QuickCall(Between):
    """The ticket of its call, and the sink for the upstream's answer, whose result is checked."""

    def __init__(
        self, tools: Tools, judging: Judging, send: Send, request: UpstreamRequest, sink: Sink
    ) -> None:
        self._tools = tools
        self._judging = judging
        self._send = send
        self._request = request
        self._sink = sink
        self._ticket: Ticket | None = None

    def start(self) -> None:
        ticket = self._send(self._request, self)
        if self._ticket is None:  # else it is answered, and judged by another
            self._ticket = ticket

    def cancel(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()

    def message(self, message: bytes) -> None:
        self._sink.message(message)

    def failed(self, error: GatewayError) -> None:
        self._sink.failed(error)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        self._sink.ask(questions, answered)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        if len(response) > AT_ONCE:
            self._ticket = late = HandledCall(
                self._tools, self._judging, self._send, self._request, self._sink
            )
            late.judge(response, status)
            return
        self._ticket = OVER
        said = self._wrong(response)
        if said:
            self._tools.refused("output")
            result = words.unfit(self._request, said)
            self._sink.answer(jsonrpc.response(self._request.id, result))
        else:
            self._sink.answer(response, status=status)

    def _wrong(self, response: bytes) -> str:
        """What is wrong with a result, "" for nothing."""
        check = self._judging.output
        if check is None:
            return ""
        value: bytes | msgspec.Raw | None = tool_result.structured(response)
        if value is None:
            result = jsonrpc.decode_frame(response).result
            members = None if isinstance(result, msgspec.UnsetType) else tool_result.read(result)
            if members is None:
                return ""
            value = tool_result.value(members)
        if value is None:
            return words.UNSTRUCTURED
        try:
            problems = check.at_once(strict_json.read(value))
        except strict_json.Unreadable as error:
            return f"can not be checked: {error}"
        return words.unlike(problems) if problems else ""
