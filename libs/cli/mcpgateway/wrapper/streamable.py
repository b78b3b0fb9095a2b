"""The client side of Streamable HTTP, both eras: POST, its JSON or SSE answer, the GET stream.

A legacy session (Mcp-Session-Id) is kept here; when the server has lost it, the same `initialize`
opens a new one and the request is sent again, so a stdio client never hears of it.
"""

import asyncio
import logging
from contextlib import suppress

import msgspec

from mcpgateway.common import jsonrpc, sse
from mcpgateway.common.errors import GatewayError, UpstreamRejected
from mcpgateway.common.mcp import headers
from mcpgateway.common.runtime.http.client import HttpClient, Response, Timeouts
from mcpgateway.common.runtime.stdio.lines import one_line
from mcpgateway.wrapper.mirror import Header, Mirror, revision
from mcpgateway.wrapper.options import Options
from mcpgateway.wrapper.remote import (
    MAX_MESSAGE,
    Emit,
    error_body,
    refusal,
    request_id,
)

log = logging.getLogger("mcpgateway.wrapper")

_ACCEPT = (b"accept", b"application/json, text/event-stream")
_MAX_RESUMES = 3
_SAFE = frozenset(  # may be sent twice when a kept connection turns out to be closed
    {
        "initialize",
        "ping",
        "prompts/get",
        "prompts/list",
        "resources/list",
        "resources/read",
        "resources/templates/list",
        "server/discover",
        "tools/list",
    }
)
_STREAM_SILENCE = 86_400.0  # seconds; GET and listen streams may be quiet for long
_ERROR_BODY = 64 * 1024


class _SessionLost(Exception):
    """The server does not know the session any more."""


class _Welcome(msgspec.Struct):
    protocolVersion: str = ""


class _Cursor:
    """Where an SSE answer stands: the last event id, and how long to wait before resuming."""

    __slots__ = ("answered", "last_id", "retry")

    def __init__(self) -> None:
        self.last_id: str | None = None
        self.retry = 1.0  # seconds
        self.answered = False

    def see(self, event: sse.Event) -> None:
        if event.id is not None:
            self.last_id = event.id
        if event.retry is not None:
            self.retry = min(event.retry / 1000, 30.0)


class StreamableHttp:
    """One remote endpoint. `emit` takes each message for the client."""

    def __init__(self, http: HttpClient, options: Options, emit: Emit) -> None:
        self._http = http
        self._options = options
        self._emit = emit
        self._mirror = Mirror()
        self._session: bytes | None = None
        self._version = ""
        self._opening: tuple[jsonrpc.Frame, bytes] | None = None
        self._reopening = asyncio.Lock()
        self._stream: asyncio.Task[None] | None = None

    async def exchange(self, frame: jsonrpc.Frame, line: bytes) -> None:
        version = revision(frame)
        if frame.method == "initialize":
            await self._open(frame, line)
        elif version:
            await self._post(frame, line, self._mirror.headers(frame, version))
        else:
            await self._in_session(frame, line)
        if frame.method == "notifications/initialized" and self._session is not None:
            self._listen()

    async def aclose(self) -> None:
        if self._stream is not None:
            self._stream.cancel()
        if self._session is None:
            return
        with suppress(GatewayError, TimeoutError):
            async with asyncio.timeout(2):
                url, lines = self._options.url, self._headers(self._session_headers())
                async with await self._http.request("DELETE", url, lines):
                    pass

    async def _open(self, frame: jsonrpc.Frame, line: bytes, *, emit: bool = True) -> None:
        self._session = None
        self._version = ""
        self._opening = (frame, line)
        await self._post(frame, line, (), emit=emit)

    async def _in_session(self, frame: jsonrpc.Frame, line: bytes) -> None:
        session = self._session
        try:
            await self._post(frame, line, self._session_headers())
        except _SessionLost:
            await self._reopen(session)
            try:
                await self._post(frame, line, self._session_headers())
            except _SessionLost:
                raise UpstreamRejected(f"{self._options.url} loses its sessions at once") from None

    async def _reopen(self, lost: bytes | None) -> None:
        async with self._reopening:
            if self._session != lost or self._opening is None:
                return  # another exchange did it meanwhile
            log.info("the server lost the session, opening a new one")
            await self._open(*self._opening, emit=False)
            line = jsonrpc.notification("notifications/initialized")
            await self._post(jsonrpc.decode_frame(line), line, self._session_headers())
            self._listen()

    def _session_headers(self) -> list[Header]:
        found = []
        if self._session is not None:
            found.append((headers.SESSION_ID, self._session))
        if self._version:
            found.append((headers.PROTOCOL_VERSION, self._version.encode()))
        return found

    def _headers(self, more: list[Header] | tuple[Header, ...]) -> list[Header]:
        base = [_ACCEPT, *more]
        credentials = self._options.credentials
        if credentials:
            base.append((b"authorization", credentials.encode()))
        return base

    async def _post(
        self,
        frame: jsonrpc.Frame,
        line: bytes,
        extra: list[Header] | tuple[Header, ...],
        *,
        emit: bool = True,
    ) -> None:
        silence = self._options.timeout
        idle = _STREAM_SILENCE if frame.method == "subscriptions/listen" else silence
        lines = [(b"content-type", b"application/json"), *extra]
        response = await self._http.request(
            "POST",
            self._options.url,
            self._headers(lines),
            line,
            safe=frame.method in _SAFE,
            timeouts=Timeouts(connect=min(10.0, silence), first_byte=silence, idle=idle),
        )
        async with response:
            await self._answer(frame, response, emit=emit)

    async def _answer(self, frame: jsonrpc.Frame, response: Response, *, emit: bool) -> None:
        if response.status >= 300:
            await self._refused(frame, response)
            return
        if frame.method == "initialize":
            self._session = response.header(headers.SESSION_ID)
        if not frame.is_request:
            return
        cursor = _Cursor()
        if (response.header(b"content-type") or b"").startswith(b"text/event-stream"):
            await self._events(frame, response, cursor, emit=emit)
            await self._resume(frame, cursor, emit=emit)
        else:
            await self._message(frame, await response.read(MAX_MESSAGE), cursor, emit=emit)
        if not cursor.answered:
            raise UpstreamRejected(
                f"{self._options.url} ended its answer without a response", outcome_unknown=True
            )

    async def _refused(self, frame: jsonrpc.Frame, response: Response) -> None:
        body = await response.read(_ERROR_BODY)
        if response.status == 404 and self._session is not None and not revision(frame):
            raise _SessionLost
        line = error_body(frame, body)
        if line is None:
            raise refusal(self._options.url, response.status, body)
        await self._emit(line)

    async def _events(
        self, frame: jsonrpc.Frame, response: Response, cursor: _Cursor, *, emit: bool
    ) -> None:
        parser = sse.Parser(MAX_MESSAGE)
        try:
            async for chunk in response.chunks():
                for event in parser.feed(chunk):
                    cursor.see(event)
                    if event.data and event.event == "message":
                        await self._message(frame, event.data, cursor, emit=emit)
        except sse.EventTooLarge as error:
            raise UpstreamRejected(str(error), outcome_unknown=True) from error
        except UpstreamRejected:
            if cursor.last_id is None:
                raise
            log.info("the answer broke off after event %s, resuming", cursor.last_id)

    async def _resume(self, frame: jsonrpc.Frame, cursor: _Cursor, *, emit: bool) -> None:
        """Legacy: an answer whose events have ids goes on over GET."""
        for _ in range(_MAX_RESUMES):
            if cursor.answered or cursor.last_id is None:
                return
            await asyncio.sleep(cursor.retry)
            async with await self._get(cursor.last_id) as response:
                if response.status != 200:
                    return
                await self._events(frame, response, cursor, emit=emit)

    async def _message(
        self, frame: jsonrpc.Frame, message: bytes, cursor: _Cursor, *, emit: bool
    ) -> None:
        try:
            got = jsonrpc.decode_frame(message)
        except jsonrpc.FrameError as error:
            raise UpstreamRejected(
                f"{self._options.url} answered with no JSON-RPC message: {error.message}",
                outcome_unknown=True,
            ) from error
        if got.is_response and got.id == request_id(frame):
            cursor.answered = True
            self._learn(frame, got)
        if emit:
            await self._emit(one_line(message))

    def _learn(self, frame: jsonrpc.Frame, answer: jsonrpc.Frame) -> None:
        if isinstance(answer.result, msgspec.UnsetType):
            return
        if frame.method == "tools/list":
            self._mirror.learn(answer.result)
        elif frame.method == "initialize":
            with suppress(msgspec.DecodeError):
                self._version = msgspec.json.decode(answer.result, type=_Welcome).protocolVersion

    def _listen(self) -> None:
        if self._stream is not None:
            self._stream.cancel()
        self._stream = asyncio.create_task(self._stream_loop(), name="mcp GET stream")

    async def _stream_loop(self) -> None:
        """What the server sends outside of requests; a server without it answers 405."""
        cursor = _Cursor()
        unbound = jsonrpc.Frame()
        while True:
            try:
                async with await self._get(cursor.last_id) as response:
                    if response.status != 200:
                        log.debug("no GET stream: %s", response.status)
                        return
                    await self._events(unbound, response, cursor, emit=True)
            except GatewayError as error:
                log.info("the GET stream broke off: %s", error.message)
            await asyncio.sleep(cursor.retry)

    async def _get(self, last_id: str | None) -> Response:
        lines: list[Header] = [*self._session_headers()]
        if last_id is not None:
            lines.append((b"last-event-id", last_id.encode()))
        timeouts = Timeouts(first_byte=self._options.timeout, idle=_STREAM_SILENCE)
        url = self._options.url
        return await self._http.request("GET", url, self._headers(lines), timeouts=timeouts)
