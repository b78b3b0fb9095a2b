"""What the three ways to speak to an upstream share: the link, one exchange, and its judgement.

An exchange is one POST and the response that belongs to it, sent as JSON or as server-sent
events. It does not know which method is due when (see `streamable`, `http_sse`).
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.mcp.modern import Implementation
from mcpgateway.common.runtime.http.tls import Tls
from mcpgateway.control_plane.discovery.outbound import Answer, Outbound, excerpt, shown
from mcpgateway.control_plane.registry.discovered.ports import Target
from mcpgateway.control_plane.registry.model import Transport

CHANGES = (
    "notifications/tools/list_changed",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
)


class NotSpoken(UpstreamRejected):
    """This URL does not speak the transport that was tried; another may do."""


class MethodRefused(UpstreamRejected):
    """A JSON-RPC error was answered; its code is `rpc_code`."""

    def __init__(self, message: str, rpc_code: int) -> None:
        super().__init__(message)
        self.rpc_code = rpc_code


class NoStandingStream(UpstreamRejected):
    """The upstream offers no stream on which it would say that lists changed."""


class Trace:
    """Where a discovery is, for the message when time runs out."""

    step = "the first connection"


@dataclass(frozen=True, slots=True)
class Link:
    """One upstream, and how it is reached; `tls` None: as all are. `patience`: seconds for an
    answer that may never come because the upstream speaks otherwise."""

    outbound: Outbound
    target: Target
    client: Implementation
    patience: float
    trace: Trace
    tls: Tls | None = None

    def headers(self, lines: Mapping[str, str]) -> dict[str, str]:
        """The upstream's credentials, and the lines, which win."""
        own = {name.lower(): value for name, value in self.target.headers}
        return own | {name.lower(): value for name, value in lines.items()}

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> AbstractAsyncContextManager[Answer]:
        """As `Outbound.request`."""
        return self.outbound.request(method, url, headers, body, tls=self.tls)

    def at(self, verb: str, method: str = "") -> str:
        """Names the step that begins."""
        step = f"{verb} {shown(self.target.url)}" + (f" ({method})" if method else "")
        self.trace.step = step
        return step


class Hello(NamedTuple):
    """What the upstream said of itself. `told` false: it did not, so everything is tried."""

    revision: str
    capabilities: bytes
    instructions: str = ""
    server_name: str = ""
    server_version: str = ""
    typed: bool = True
    told: bool = True


class Channel(Protocol):
    """An open conversation with an upstream, its handshake done."""

    transport: Transport
    era: Literal["modern", "legacy"]
    hello: Hello

    async def ask(self, method: str, params: jsonrpc.Params) -> bytes:
        """The `result`. Raises MethodRefused for a JSON-RPC error, else other UpstreamErrors."""

    def listen(self) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """The standing stream: methods of list_changed notifications as they come; it ends when
        the upstream ends it. Entering raises NoStandingStream when there is none."""


class Reply(NamedTuple):
    """The answer to a POST. `frame`: the JSON-RPC response in it, if any; `seen`: what was
    answered, for messages."""

    status: int
    frame: jsonrpc.Frame | None
    seen: str
    session: str | None = None


OnRequest = Callable[[jsonrpc.Frame], Awaitable[None]]


class _Refusal(msgspec.Struct):
    error: msgspec.Raw


async def exchange(
    link: Link, lines: Mapping[str, str], body: bytes, step: str, on_request: OnRequest
) -> Reply:
    """POSTs one request. Requests of the upstream that come before its answer go to
    `on_request`."""
    async with link.request("POST", link.target.url, link.headers(lines), body) as answer:
        frame, seen = await _read(answer, step, on_request)
        return Reply(answer.status, frame, seen, answer.header("mcp-session-id"))


async def _read(
    answer: Answer, step: str, on_request: OnRequest
) -> tuple[jsonrpc.Frame | None, str]:
    if answer.media_type == "text/event-stream":
        return await _read_events(answer, step, on_request), "ended its stream without an answer"
    if answer.media_type == "application/json" and answer.status not in (401, 403):
        body = await answer.body()
        return decode_response(body), seen(answer, body)
    return None, seen(answer, await answer.start())


async def _read_events(answer: Answer, step: str, on_request: OnRequest) -> jsonrpc.Frame | None:
    async with aclosing(answer.events()) as events:
        async for event in events:
            if not event.data:
                continue
            frame = decode_event(event.data, step)
            if frame.is_response:
                return frame
            await on_request(frame)
    return None


def decode_event(data: bytes, step: str) -> jsonrpc.Frame:
    """Raises UpstreamRejected."""
    frame = decode_response(data)
    if frame is not None:
        return frame
    try:
        return jsonrpc.decode_frame(data)
    except jsonrpc.FrameError as error:
        raise UpstreamRejected(
            f"{step} sent an event that is no JSON-RPC: {error.message}"
        ) from error


def decode_response(body: bytes) -> jsonrpc.Frame | None:
    """A JSON-RPC response, or None. An error may lack its id: servers that could not read one say
    null, some leave it out."""
    try:
        frame = jsonrpc.decode_frame(body)
    except jsonrpc.FrameError:
        return _decode_refusal(body)
    return frame if frame.is_response else None


def _decode_refusal(body: bytes) -> jsonrpc.Frame | None:
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
        msgspec.json.decode(refusal.error, type=jsonrpc.ErrorObject)
    except (msgspec.DecodeError, RecursionError):
        return None
    return jsonrpc.Frame(jsonrpc="2.0", error=refusal.error)


def seen(answer: Answer, body: bytes) -> str:
    """What was answered, in words that say what to do about it where that is known."""
    status = answer.status
    if status == 401:
        return "answered 401: credentials are missing or wrong (auth_type and its fields)"
    if status == 403:
        why = _said(body) or excerpt(body)
        return f"answered 403: it refuses these credentials, or what is asked: {why}"
    if 300 <= status < 400:
        to = shown(answer.header("location") or "")
        return f"answered {status} and points to {to}: register that URL"
    if answer.media_type == "text/html":
        return f"answered {status} with HTML, not MCP: {excerpt(body)}"
    return f"answered {status} ({answer.media_type or 'no media type'}): {excerpt(body)}"


def _said(body: bytes) -> str:
    """By a JSON-RPC error; "" for another body."""
    refusal = _decode_refusal(body)
    if refusal is None or not isinstance(refusal.error, msgspec.Raw):
        return ""
    return jsonrpc.decode_error(refusal.error).message[:200]


def result_of(reply: Reply, step: str) -> bytes:
    """Raises MethodRefused or UpstreamRejected."""
    frame = reply.frame
    if frame is None:
        raise UpstreamRejected(f"{step} {reply.seen}")
    if isinstance(frame.result, msgspec.Raw):
        return bytes(frame.result)
    assert isinstance(frame.error, msgspec.Raw)
    error = jsonrpc.decode_error(frame.error)
    raise MethodRefused(
        f"{step} answered {reply.status} with error {error.code}: {error.message[:200]}", error.code
    )


def change_filter(capabilities: bytes) -> dict[str, bool]:
    """The filter of `subscriptions/listen` for the lists that say when they change."""
    return {
        f"{name}ListChanged": True
        for name in ("tools", "prompts", "resources")
        if _says_changed(capabilities, name)
    }


class _Capability(msgspec.Struct, rename="camel"):
    list_changed: bool = False


def _says_changed(capabilities: bytes, name: str) -> bool:
    try:
        offered = msgspec.json.decode(capabilities, type=dict[str, msgspec.Raw])
        return name in offered and msgspec.json.decode(offered[name], type=_Capability).list_changed
    except msgspec.DecodeError:
        return False
