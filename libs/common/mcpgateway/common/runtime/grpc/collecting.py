"""What a method answers, message by message, and the result of its call as a tool."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import tool_result
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.mcp.translate_notifications import PROGRESS
from mcpgateway.common.protobuf.codec import Codec

MAX_MESSAGES = 1000  # of a stream; what comes then is not waited for
MAX_BYTES = 8 * 1024 * 1024  # of them
MAX_REPORTED = 2000  # characters of one message in a notification
_REPORTS_SINCE = "2025-03-26"  # revisions whose progress has a text


class Listener(NamedTuple):
    """Who called. `token` is the progress token as JSON, None for one who wants no progress;
    `tell` takes a notification; `free` waits until more may come."""

    era: Era
    revision: str
    token: bytes | None
    tell: Callable[[bytes], None]
    free: Callable[[], Awaitable[None]]


class Collected:
    """Of one call. `size`: bytes of what came."""

    def __init__(self, codec: Codec, listener: Listener) -> None:
        self.messages: list[Any] = []
        self.size = 0
        self._codec = codec
        self._listener = listener
        self._full = False

    def add(self, data: bytes) -> None:
        """Raises Unshown."""
        self.size += len(data)
        self.messages.append(self._codec.response(data))

    async def told(self) -> bool:
        """Tells who called of the last message of a stream where he wants that, as fast as he takes
        it. Returns whether more may come."""
        listener = self._listener
        if listener.token is not None:
            listener.tell(self._progress(listener.token))
        await listener.free()
        self._full = len(self.messages) >= MAX_MESSAGES or self.size >= MAX_BYTES
        return not self._full

    def result(self) -> bytes:
        """All that came."""
        structured = jsonrpc.encode(self._codec.result(self.messages))
        content = [tool_result.text(structured.decode())]
        if self._full:
            said = f"These are the first {len(self.messages)} messages; more were not waited for."
            content.append(tool_result.text(said))
        return tool_result.result(self._listener.era, content, structured)

    def failed(self, said: str) -> bytes:
        """It ended otherwise: with what came before that."""
        if self.messages:
            before = jsonrpc.encode(self.messages).decode()
            said += f"\nBefore that it answered {len(self.messages)} messages: {before}"
        return tool_result.failed(self._listener.era, said)

    def _progress(self, token: bytes) -> bytes:
        count = len(self.messages)
        told: dict[str, Any] = {"progressToken": msgspec.Raw(token), "progress": count}
        if self._listener.revision >= _REPORTS_SINCE:
            text = jsonrpc.encode(self.messages[-1]).decode()
            told["message"] = text if len(text) <= MAX_REPORTED else f"{text[:MAX_REPORTED]}…"
        return jsonrpc.notification(PROGRESS, jsonrpc.encode(told))
