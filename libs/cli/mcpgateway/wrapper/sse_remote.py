"""The client side of HTTP+SSE (2024-11-05): one GET stream that brings every answer, and POSTs to
the endpoint that its first event names. The stream is the session: when it ends, so does this."""

import asyncio
import logging
from contextlib import suppress
from urllib.parse import urljoin, urlsplit

from mcpgateway.common import jsonrpc, sse
from mcpgateway.common.errors import GatewayError, UpstreamRejected, UpstreamTimeout
from mcpgateway.common.runtime.http.client import HttpClient, Response, Timeouts
from mcpgateway.common.runtime.stdio.lines import one_line
from mcpgateway.wrapper.options import Options
from mcpgateway.wrapper.remote import MAX_MESSAGE, Emit, refusal, request_id

log = logging.getLogger("mcpgateway.wrapper")

_STREAM_SILENCE = 86_400.0  # seconds
_ERROR_BODY = 64 * 1024


class HttpSse:
    """One remote server. `emit` takes each message for the client."""

    def __init__(self, http: HttpClient, options: Options, emit: Emit) -> None:
        self._http = http
        self._options = options
        self._emit = emit
        self._endpoint: asyncio.Future[str] | None = None
        self._stream: asyncio.Task[None] | None = None
        self._open: dict[jsonrpc.Id, asyncio.Future[None]] = {}

    async def exchange(self, frame: jsonrpc.Frame, line: bytes) -> None:
        url = await self._connected()
        id = request_id(frame)
        if not frame.is_request or id is None:
            await self._post(url, line)
            return
        answered = self._open[id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._options.timeout):
                await self._post(url, line)
                await answered
        except TimeoutError:
            seconds = f"{self._options.timeout:g} s"
            raise UpstreamTimeout(f"{self._options.url} did not answer within {seconds}") from None
        finally:
            self._open.pop(id, None)

    async def _connected(self) -> str:
        """The endpoint to post to. Raises GatewayError."""
        if self._endpoint is None or (self._stream is not None and self._stream.done()):
            self._endpoint = asyncio.get_running_loop().create_future()
            self._stream = asyncio.create_task(self._read(self._endpoint), name="mcp SSE stream")
        try:
            async with asyncio.timeout(self._options.timeout):
                return await asyncio.shield(self._endpoint)
        except TimeoutError:
            raise UpstreamTimeout(f"{self._options.url} named no endpoint in time") from None

    async def _read(self, endpoint: asyncio.Future[str]) -> None:
        error: GatewayError = UpstreamRejected(f"{self._options.url} ended its stream")
        try:
            await self._events(endpoint)
        except GatewayError as failed:
            error = failed
        except sse.EventTooLarge as failed:
            error = UpstreamRejected(str(failed))
        log.info("%s", error.message)
        if not endpoint.done():
            endpoint.set_exception(error)
        for answered in self._open.values():
            if not answered.done():
                answered.set_exception(error)

    async def _events(self, endpoint: asyncio.Future[str]) -> None:
        headers = [(b"accept", b"text/event-stream"), *self._auth()]
        timeouts = Timeouts(first_byte=self._options.timeout, idle=_STREAM_SILENCE)
        url = self._options.url
        async with await self._http.request("GET", url, headers, timeouts=timeouts) as response:
            if response.status != 200:
                raise refusal(url, response.status, await response.read(_ERROR_BODY))
            parser = sse.Parser(MAX_MESSAGE)
            async for chunk in response.chunks():
                for event in parser.feed(chunk):
                    await self._event(event, endpoint)

    async def _event(self, event: sse.Event, endpoint: asyncio.Future[str]) -> None:
        if event.event == "endpoint" and not endpoint.done():
            endpoint.set_result(self._resolve(event.data))
        elif event.event == "message":
            await self._message(event.data)

    def _resolve(self, data: bytes) -> str:
        """The stream must not send us, with our credentials, to another origin."""
        url = urljoin(self._options.url, data.decode(errors="replace").strip())
        own, named = urlsplit(self._options.url), urlsplit(url)
        if (own.scheme, own.netloc) != (named.scheme, named.netloc):
            raise UpstreamRejected(f"{self._options.url} names an endpoint elsewhere: {url}")
        return url

    async def _message(self, data: bytes) -> None:
        try:
            frame = jsonrpc.decode_frame(data)
        except jsonrpc.FrameError as error:
            log.warning("no JSON-RPC message on the stream: %s", error.message)
            return
        await self._emit(one_line(data))
        waiting = self._open.get(frame.id) if isinstance(frame.id, int | str) else None
        if frame.is_response and waiting is not None and not waiting.done():
            waiting.set_result(None)

    async def _post(self, url: str, line: bytes) -> None:
        headers = [(b"content-type", b"application/json"), *self._auth()]
        silence = self._options.timeout
        timeouts = Timeouts(connect=min(10.0, silence), first_byte=silence, idle=silence)
        response = await self._http.request("POST", url, headers, line, timeouts=timeouts)
        async with response:
            await self._accepted(url, response)

    async def _accepted(self, url: str, response: Response) -> None:
        body = await response.read(_ERROR_BODY)
        if response.status >= 300:
            raise refusal(url, response.status, body)

    def _auth(self) -> list[tuple[bytes, bytes]]:
        value = self._options.credentials
        return [(b"authorization", value.encode())] if value else []

    async def aclose(self) -> None:
        if self._stream is not None:
            self._stream.cancel()
            with suppress(asyncio.CancelledError):
                await self._stream
