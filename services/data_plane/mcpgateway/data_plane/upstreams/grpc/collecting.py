"""What a method answered, message by message, and the result of its call."""

from typing import Any

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import tool_result
from mcpgateway.common.mcp.translate_notifications import PROGRESS, wishes
from mcpgateway.common.protobuf.codec import Codec
from mcpgateway.data_plane.upstreams.grpc.door import Flow
from mcpgateway.data_plane.upstreams.request import Sink, UpstreamRequest

MAX_MESSAGES = 1000  # of a stream; what comes then is not waited for
MAX_BYTES = 8 * 1024 * 1024  # of them
MAX_REPORTED = 2000  # characters of one message in a notification
_REPORTS_SINCE = "2025-03-26"  # revisions whose progress has a text


class Collected:
    """Of one call. `size`: bytes of what came."""

    def __init__(self, request: UpstreamRequest, codec: Codec, sink: Sink, flow: Flow) -> None:
        self.messages: list[Any] = []
        self.size = 0
        self._request = request
        self._codec = codec
        self._sink = sink
        self._flow = flow
        self._full = False
        self._token = wishes(request.client.era, request.params).token

    def add(self, data: bytes) -> None:
        """Raises Unshown."""
        self.size += len(data)
        self.messages.append(self._codec.response(data))

    async def told(self) -> bool:
        """Tells the client of the last message of a stream where it wants that, as fast as it takes
        it. Returns whether more may come."""
        if self._token is not None:
            self._sink.message(self._progress(self._token))
        await self._flow.free()
        self._full = len(self.messages) >= MAX_MESSAGES or self.size >= MAX_BYTES
        return not self._full

    def result(self) -> bytes:
        """All that came."""
        structured = jsonrpc.encode(self._codec.result(self.messages))
        content = [tool_result.text(structured.decode())]
        if self._full:
            said = f"These are the first {len(self.messages)} messages; more were not waited for."
            content.append(tool_result.text(said))
        return tool_result.result(self._request.client.era, content, structured)

    def failed(self, said: str) -> bytes:
        """It ended otherwise: with what came before that."""
        if self.messages:
            before = jsonrpc.encode(self.messages).decode()
            said += f"\nBefore that it answered {len(self.messages)} messages: {before}"
        return tool_result.failed(self._request.client.era, said)

    def _progress(self, token: bytes) -> bytes:
        told: dict[str, Any] = {
            "progressToken": msgspec.Raw(token),
            "progress": len(self.messages),
        }
        if self._request.client.revision >= _REPORTS_SINCE:
            text = jsonrpc.encode(self.messages[-1]).decode()
            told["message"] = text if len(text) <= MAX_REPORTED else f"{text[:MAX_REPORTED]}…"
        return jsonrpc.notification(PROGRESS, jsonrpc.encode(told))
