"""What is asked of an upstream, and who takes its answer. Knows no client connection."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.questions import Question, Reply
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.routing.model import Tool, Upstream
from mcpgateway.common.runtime.http.call import Call
from mcpgateway.common.runtime.http.client import Receiver, Timeouts
from mcpgateway.common.runtime.http.client import Ticket as HttpTicket
from mcpgateway.data_plane.upstreams.watching import TaskWatcher, Tempo, Watch

__all__ = [
    "Answered",
    "Client",
    "Question",
    "Reply",
    "Sink",
    "Ticket",
    "UpstreamRequest",
    "Upstreams",
]


class Client(msgspec.Struct, frozen=True, gc=False):
    """What an upstream session depends on: who calls, in which session.

    `principal` is subject and issuer ("" for anonymous); `session` the client's own legacy session
    id ("" for none). `capabilities` are what it declared, as JSON in its own era's form: "{}" when
    it can not be asked anything.
    """

    era: Era
    revision: str
    principal: str
    session: str = ""
    info: bytes = b'{"name":"mcpgateway","version":"0"}'
    capabilities: bytes = b"{}"
    log_level: str = ""


class UpstreamRequest(msgspec.Struct, frozen=True, gc=False):
    """One request in the client's era: `params` as the client sent them, with the names already
    those of the upstream. `safe`: read-only or idempotent, so it may be sent twice. `definition`:
    the tool's, when known; a modern upstream may want arguments of a legacy client mirrored.
    `reads`: the answer comes message by message, never relayed. `patient`: the upstream may be
    silent for as long as it takes. `tool`: one with which more is done than passing its calls on
    (limits, checks, a filter); one that is a REST operation has an upstream made for it. `run`:
    sends it in place of an upstream's client, where the tool is made of others. `arguments`: those
    of `params`, where `strict_json` read them."""

    upstream: Upstream
    client: Client
    id: jsonrpc.Id
    method: str
    params: jsonrpc.Params
    headers: tuple[tuple[bytes, bytes], ...] = ()  # credentials, pass-through, Mcp-Param-*
    safe: bool = False
    definition: bytes = b""
    reads: bool = False
    patient: bool = False
    tool: Tool | None = None
    run: "Send | None" = None
    arguments: Any = None


Answered = Callable[[Mapping[str, Reply]], None]
"""Takes a reply to each question, under its key."""


class Sink(Protocol):
    """Takes one answer, by callbacks on the loop, in the client's era.

    Either relayed untouched (same era, nothing to translate): `relay_head`, `relay_chunk`*,
    `relay_end`; or message by message: `message`* (notifications before the answer), then
    `answer` with a whole JSON-RPC response. A small untouched response comes by `answer` too.
    `failed` may end both; then nothing more comes. The first call may come before
    `Upstreams.send` has returned.
    """

    def relay_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """`headers` are those that are the client's business, and no others."""

    def relay_chunk(self, data: bytes) -> None: ...

    def relay_end(self) -> None: ...

    def message(self, message: bytes) -> None: ...

    def answer(self, response: bytes, *, status: int = 200) -> None:
        """`status` is what the modern transport asks for; legacy clients always get 200."""

    def failed(self, error: GatewayError) -> None: ...

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        """The upstream wants the client's input before it goes on. `answered` is called once, now
        or later, in the loop; never when the call is over before. More may be asked meanwhile.
        What the client did not declare is answered with an error, without asking it."""


class Ticket(Protocol):
    """A request under way."""

    def cancel(self) -> None:
        """The client cancelled: tell the upstream in its era's way; the sink hears no more."""

    def pause(self) -> None: ...

    def resume(self) -> None: ...


Send = Callable[[UpstreamRequest, Sink], Ticket]


class _Over:
    """Of a request that never went out, or was answered at once."""

    def cancel(self) -> None:
        pass

    def pause(self) -> None:
        pass

    def resume(self) -> None:
        pass


OVER: Ticket = _Over()


class Reading(NamedTuple):
    """What reads a response for a sink, and the ticket of the whole request."""

    receiver: Receiver
    ticket: Ticket


class Repeatable(Protocol):
    """What stays the same in requests that differ in id, arguments and progress token only, as
    HTTP has it. It holds for one record of the upstream. `params` are the client's, as in an
    `UpstreamRequest`; none that mean something in one era only."""

    head: bytes
    safe: bool
    timeouts: Timeouts

    def ready(self) -> bool:
        """Whether such a request would go out at once, and as the last one did."""

    def wire_id(self, id: jsonrpc.Id) -> jsonrpc.Id:
        """The id under which a request goes out now."""

    def body(self, wire_id: jsonrpc.Id, params: jsonrpc.Params) -> bytes: ...

    def run(self, call: Call) -> None:
        """Send it, as `HttpClient.run` does: from here on it is under way."""

    def answer(self, id: jsonrpc.Id, wire_id: jsonrpc.Id, body: bytes) -> bytes | None:
        """The client's answer, of a response of status 200 in plain JSON. None when it is more
        than a result that is passed on in one piece."""

    def over(self) -> None:
        """It is under way no more: `answer` was all that was to be done."""

    def reading(
        self,
        id: jsonrpc.Id,
        params: jsonrpc.Params,
        sink: Sink,
        wire_id: jsonrpc.Id,
        ticket: HttpTicket,
    ) -> Reading:
        """Any other response needs this. It is told, too, when the request is under way no
        more."""


class Upstreams(Protocol):
    """All upstream clients behind one door."""

    def send(self, request: UpstreamRequest, sink: Sink) -> Ticket:
        """In the same turn of the loop where a pooled connection and (legacy) a session are at
        hand; otherwise as soon as they are."""

    def repeatable(self, request: UpstreamRequest) -> Repeatable | None:
        """Of a request that was sent. None where more of it or its answer differs, or may."""

    def watch_tasks(self, request: UpstreamRequest, watcher: TaskWatcher, tempo: Tempo) -> Watch:
        """Follows tasks at a modern upstream in the auth context of a request. Raises GatewayError
        when it can not be spoken to at all."""

    def end_session(self, session: str) -> None:
        """A client ended its (legacy) session: end those that upstreams hold for it."""

    def roots_changed(self, session: str) -> None:
        """The roots of a (legacy) session's client are others now: upstreams that have a session
        for it are told."""

    async def aclose(self) -> None: ...
