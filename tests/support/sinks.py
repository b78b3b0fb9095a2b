"""A `Sink` for tests that keeps what it is handed, and requests to hand to upstream clients."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from mcpgateway.common import sse
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.revisions import V2025_06_18, V2026_07_28
from mcpgateway.common.routing.model import Upstream
from mcpgateway.data_plane.upstreams.request import (
    Answered,
    Client,
    Question,
    Reply,
    UpstreamRequest,
)

MODERN = Client(era="modern", revision=V2026_07_28, principal="ann@example.com")
LEGACY = Client(era="legacy", revision=V2025_06_18, principal="ann@example.com", session="s1")
STATELESS = Client(era="legacy", revision=V2025_06_18, principal="ann@example.com")

MODERN_META = {
    "io.modelcontextprotocol/protocolVersion": V2026_07_28,
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
}

ECHO = {"name": "echo", "arguments": {"text": "hi"}}


class RecordingSink:
    """`over` is set with the last call."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.relayed: bytes | None = None
        self.raw = b""
        self.messages: list[Any] = []
        self.error: GatewayError | None = None
        self.calls: list[str] = []
        self.questions: list[dict[str, Question]] = []
        self.replies: dict[str, Reply] = {}
        self.over = asyncio.Event()
        self.heard = asyncio.Event()

    @property
    def answered(self) -> Any:
        """The JSON-RPC response, whichever way it came."""
        return json.loads(self.raw)

    def relay_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._note("relay_head")
        self.status = status
        self.headers = {name.decode(): value.decode() for name, value in headers}
        self.relayed = b""

    def relay_chunk(self, data: bytes) -> None:
        self._note("relay_chunk")
        assert self.relayed is not None
        self.relayed += data

    def relay_end(self) -> None:
        self._note("relay_end", last=True)
        assert self.relayed is not None
        self.raw = self.relayed
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            events = [event.data for event in sse.Parser().feed(self.relayed) if event.data]
            *before, self.raw = events
            self.messages += [json.loads(data) for data in before]

    def message(self, message: bytes) -> None:
        self._note("message")
        self.messages.append(json.loads(message))

    def answer(self, response: bytes, *, status: int = 200) -> None:
        self._note("answer", last=True)
        self.status = status
        self.raw = response

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        """Replies with what the test laid into `replies`; what it did not expect is an error."""
        self._note("ask")
        self.questions.append(dict(questions))
        unexpected = Reply(error=b'{"code":-32601,"message":"not offered"}')
        answered({key: self.replies.get(key, unexpected) for key in questions})

    def failed(self, error: GatewayError) -> None:
        self._note("failed", last=True)
        self.error = error

    def _note(self, call: str, *, last: bool = False) -> None:
        assert not self.over.is_set(), f"{call} after the end of {self.calls}"
        self.calls.append(call)
        self.heard.set()
        if last:
            self.over.set()

    async def wait(self, seconds: float = 30) -> "RecordingSink":
        await asyncio.wait_for(self.over.wait(), seconds)
        return self


def upstream(
    era: Literal["modern", "legacy"] = "modern", url: str = "http://up:9000/mcp", **more: Any
) -> Upstream:
    return Upstream(id="u1", name="time", slug="time", url=url, era=era, **more)


def ask(
    upstream: Upstream,
    client: Client = MODERN,
    method: str = "tools/call",
    params: dict[str, Any] | None = None,
    *,
    id: int | str = 7,
    **more: Any,
) -> UpstreamRequest:
    """A request with these params (a call of `echo` unless given), and `_meta` where needed."""
    members: dict[str, Any] = dict(
        {"name": "echo", "arguments": {"text": "hi"}} if params is None else params
    )
    if client.era == "modern":
        members["_meta"] = {**MODERN_META, **members.get("_meta", {})}
    raw = {key: msgspec.Raw(json.dumps(value).encode()) for key, value in members.items()}
    return UpstreamRequest(upstream, client, id, method, raw, **more)
