"""HTTP+SSE of 2024-11-05: one GET stream brings every answer, messages are POSTed elsewhere."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Literal

from mcpgateway.common import jsonrpc, sse
from mcpgateway.common.errors import UpstreamError, UpstreamRejected
from mcpgateway.common.mcp import legacy
from mcpgateway.control_plane.discovery.channel import (
    CHANGES,
    Channel,
    Hello,
    Link,
    NotSpoken,
    Reply,
    decode_event,
    result_of,
    seen,
)
from mcpgateway.control_plane.discovery.hello import greeted
from mcpgateway.control_plane.discovery.outbound import Answer, shown
from mcpgateway.control_plane.registry.model import Transport

_CHANGES_KEPT = 16


@asynccontextmanager
async def open_sse(link: Link) -> AsyncIterator[Channel]:
    """Opens the stream and shakes hands. Raises NotSpoken when there is no such stream."""
    step = link.at("GET")
    headers = link.headers({"accept": "text/event-stream"})
    async with link.request("GET", link.target.url, headers) as answer:
        await _check(answer, step)
        async with aclosing(answer.events()) as events:
            channel = LegacySse(link, await _endpoint(events, link, step))
            reader = asyncio.create_task(channel.read(events, step))
            try:
                await channel.initialize()
                yield channel
            finally:
                reader.cancel()
                await asyncio.wait([reader])


class LegacySse:
    """A session that lasts as long as its stream.

    List changes that nobody reads are kept up to 16; one more is dropped, for the kept ones say
    the same.
    """

    transport: Transport = "SSE"
    era: Literal["modern", "legacy"] = "legacy"

    def __init__(self, link: Link, endpoint: str) -> None:
        self.hello = Hello("", b"{}")
        self._link = link
        self._endpoint = endpoint
        self._ids = itertools.count(1)
        self._waiting: dict[jsonrpc.Id, asyncio.Future[jsonrpc.Frame]] = {}
        self._changes: asyncio.Queue[str] = asyncio.Queue(_CHANGES_KEPT)
        self._ended: asyncio.Future[UpstreamError] = asyncio.get_running_loop().create_future()

    async def initialize(self) -> None:
        params = legacy.initialize_params(self._link.client)
        result = await self._request(legacy.INITIALIZE, params)
        self.hello = greeted(result, self._link.trace.step)
        await self._tell(jsonrpc.notification(legacy.INITIALIZED), legacy.INITIALIZED)

    async def ask(self, method: str, params: jsonrpc.Params) -> bytes:
        return await self._request(method, jsonrpc.join_params(params))

    async def _request(self, method: str, params: bytes) -> bytes:
        id = next(self._ids)
        answered: asyncio.Future[jsonrpc.Frame] = asyncio.get_running_loop().create_future()
        self._waiting[id] = answered
        try:
            await self._tell(jsonrpc.request(id, method, params), method)
            await self._first_of(answered)
            if not answered.done():
                raise self._ended.result()
            return result_of(Reply(200, answered.result(), ""), self._step(method))
        finally:
            del self._waiting[id]

    async def _tell(self, body: bytes, what: str) -> None:
        link = self._link
        step = self._step(what)
        headers = link.headers({"content-type": "application/json"})
        async with link.request("POST", self._endpoint, headers, body) as answer:
            if answer.status >= 300:
                raise UpstreamRejected(f"{step} {seen(answer, await answer.start())}")

    def _step(self, what: str) -> str:
        self._link.trace.step = f"POST {shown(self._endpoint)} ({what})"
        return self._link.trace.step

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[str]]:
        yield self._heard()

    async def _heard(self) -> AsyncGenerator[str, None]:
        while True:
            change = asyncio.ensure_future(self._changes.get())
            try:
                await self._first_of(change)
            finally:
                if not change.done():
                    change.cancel()
            if not change.done() or change.cancelled():
                return
            yield change.result()

    async def _first_of(self, hoped_for: asyncio.Future[Any]) -> None:
        either: set[asyncio.Future[Any]] = {hoped_for, self._ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)

    async def read(self, events: AsyncGenerator[sse.Event, None], step: str) -> None:
        """Hands out what the stream brings until it ends; then every open request fails."""
        ended: UpstreamError = UpstreamRejected(f"{step} ended its stream")
        try:
            async for event in events:
                if event.event == "message" and event.data:
                    await self._heed(decode_event(event.data, step))
        except UpstreamError as error:
            ended = error
        finally:
            if not self._ended.done():
                self._ended.set_result(ended)

    async def _heed(self, frame: jsonrpc.Frame) -> None:
        if frame.is_response:
            waiting = self._waiting.get(frame.id) if isinstance(frame.id, int | str) else None
            if waiting is not None and not waiting.done():
                waiting.set_result(frame)
        elif frame.method in CHANGES:
            if not self._changes.full():
                self._changes.put_nowait(str(frame.method))
        elif (reply := legacy.reply_to(frame)) is not None:
            await self._tell(reply, f"answer to {frame.method}")


async def _check(answer: Answer, step: str) -> None:
    if answer.status == 200 and answer.media_type == "text/event-stream":
        return
    message = f"{step} {seen(answer, await answer.start())}"
    if answer.status in (401, 403):
        raise UpstreamRejected(message)
    raise NotSpoken(message)


async def _endpoint(events: AsyncGenerator[sse.Event, None], link: Link, step: str) -> str:
    try:
        async with asyncio.timeout(link.patience):
            async for event in events:
                if event.event == "endpoint":
                    text = event.data.decode(errors="replace")
                    return legacy.resolve_endpoint(link.target.url, text)
    except TimeoutError:
        raise NotSpoken(f"{step} sent no endpoint event in {link.patience:g} s") from None
    except legacy.EndpointError as error:
        raise UpstreamRejected(f"{step}: {error}") from error
    raise NotSpoken(f"{step} ended its stream without an endpoint event")
