"""Upstreams whose tools a test writes as functions of their arguments."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.data_plane.upstreams.request import Sink, UpstreamRequest
from support.upstreams import RecordedTicket, RecordingUpstreams

Work = Callable[[dict[str, Any]], Awaitable[Any]]


class ToolFailed(Exception):
    """Answered as a result with `isError`."""


class ToolServer(RecordingUpstreams):
    """Answers calls of tools by their original names: with what their function returns, as
    structured content where it is an object, else as text. A `GatewayError` that one raises is a
    failure of the way to it."""

    def __init__(self, **tools: Work) -> None:
        super().__init__()
        self.tools = tools
        self.called: list[tuple[str, dict[str, Any]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @override
    def send(self, request: UpstreamRequest, sink: Sink) -> RecordedTicket:
        ticket = super().send(request, sink)
        task = asyncio.get_running_loop().create_task(self._played(request, sink))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return ticket

    async def _played(self, request: UpstreamRequest, sink: Sink) -> None:
        name = msgspec.json.decode(request.params["name"], type=str)
        arguments = msgspec.json.decode(request.params.get("arguments", b"{}"))
        self.called.append((name, arguments))
        try:
            result = _result(await self.tools[name](arguments))
        except ToolFailed as failure:
            result = {"content": [_text(str(failure))], "isError": True}
        except GatewayError as error:
            sink.failed(error)
            return
        if request.client.era == "modern":
            result = {"resultType": "complete", **result}
        sink.answer(jsonrpc.response(request.id, jsonrpc.encode(result)))


def _result(value: Any) -> dict[str, Any]:
    if isinstance(value, dict) and "content" in value:
        return value
    if isinstance(value, dict):
        return {"content": [_text("see there")], "structuredContent": value}
    return {"content": [_text(value if isinstance(value, str) else str(value))]}


def _text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}
