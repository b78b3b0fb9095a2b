"""Streamable HTTP in both eras: the probe ladder, the handshake, and the standing stream."""

import asyncio
import itertools
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Literal

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamError, UpstreamRejected
from mcpgateway.common.mcp import legacy, modern
from mcpgateway.common.mcp.probe import Next, Verdict, judge
from mcpgateway.common.mcp.revisions import LATEST_MODERN
from mcpgateway.control_plane.discovery.channel import (
    CHANGES,
    Channel,
    Hello,
    Link,
    NoStandingStream,
    NotSpoken,
    OnRequest,
    Reply,
    change_filter,
    decode_event,
    exchange,
    result_of,
    seen,
)
from mcpgateway.control_plane.discovery.hello import greeted, introduced
from mcpgateway.control_plane.discovery.outbound import Answer
from mcpgateway.control_plane.registry.model import Transport

_GOODBYE_SECONDS = 1.0
_UNTOLD = Hello(LATEST_MODERN, b'{"tools":{},"prompts":{},"resources":{}}', told=False)


@asynccontextmanager
async def open_streamable(link: Link) -> AsyncIterator[Channel]:
    """Probes for the modern era, else shakes hands in the legacy one; a session is ended at exit.

    Raises NotSpoken when the URL may speak HTTP+SSE instead.
    """
    channel = ModernHttp(link)
    reply = await channel.probe()
    verdict = judge(reply.status, reply.frame)
    if verdict.next is Next.MODERN:
        channel.hello = introduced(result_of(reply, link.trace.step), link.trace.step)
        yield channel
    elif verdict.next is Next.MODERN_UNTOLD:
        yield channel
    elif verdict.next is Next.INITIALIZE:
        async with _legacy(link, verdict) as session:
            yield session
    else:
        why = reply.seen if reply.frame is None else verdict.why
        raise UpstreamRejected(f"{link.trace.step} {why}")


class ModernHttp:
    """2026-07-28: every request stands alone."""

    transport: Transport = "STREAMABLEHTTP"
    era: Literal["modern", "legacy"] = "modern"

    def __init__(self, link: Link) -> None:
        self.hello = _UNTOLD
        self._link = link
        self._ids = itertools.count(1)
        self._meta = modern.meta(link.client)

    async def probe(self) -> Reply:
        """`server/discover`; silence is an answer too."""
        try:
            async with asyncio.timeout(self._link.patience):
                return await self._post(modern.DISCOVER, {})
        except TimeoutError:
            return Reply(0, None, f"gave no answer in {self._link.patience:g} s")
        except UpstreamRejected as error:
            return Reply(0, None, error.message)

    async def ask(self, method: str, params: jsonrpc.Params) -> bytes:
        return result_of(await self._post(method, params), self._link.trace.step)

    async def _post(self, method: str, params: jsonrpc.Params) -> Reply:
        body = modern.request(next(self._ids), method, params, self._meta)
        step = self._link.at("POST", method)
        return await exchange(self._link, _text(modern.header_lines(method)), body, step, _ignore)

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[str]]:
        wanted = msgspec.Raw(jsonrpc.encode(change_filter(self.hello.capabilities)))
        body = modern.request(next(self._ids), modern.LISTEN, {"notifications": wanted}, self._meta)
        link = self._link
        step = link.at("POST", modern.LISTEN)
        headers = link.headers(_text(modern.header_lines(modern.LISTEN)))
        async with link.request("POST", link.target.url, headers, body) as answer:
            await _check_stream(answer, step)
            async with aclosing(_changes(answer, step, _ignore)) as changes:
                yield changes


@asynccontextmanager
async def _legacy(link: Link, verdict: Verdict) -> AsyncIterator[Channel]:
    channel = LegacyHttp(link)
    try:
        await channel.initialize(verdict)
        yield channel
    finally:
        await channel.goodbye()


class LegacyHttp:
    """2025-03-26 to 2025-11-25: a session that `initialize` opens."""

    transport: Transport = "STREAMABLEHTTP"
    era: Literal["modern", "legacy"] = "legacy"

    def __init__(self, link: Link) -> None:
        self.hello = _UNTOLD
        self._link = link
        self._ids = itertools.count(1)
        self._lines = {"accept": modern.ACCEPT.decode(), "content-type": "application/json"}

    async def initialize(self, verdict: Verdict) -> None:
        """`verdict`: what the modern probe met, for the message when this fails too."""
        params = legacy.initialize_params(self._link.client)
        reply = await self._post(legacy.INITIALIZE, params)
        step = self._link.trace.step
        if reply.status in (400, 404, 405):
            what = reply.seen if reply.frame is None else _refusal(reply)
            raise NotSpoken(f"{step} {what}; before, server/discover {verdict.why}")
        self.hello = greeted(result_of(reply, step), step)
        if reply.session is not None:
            if not reply.session.isascii() or not reply.session.isprintable():
                raise UpstreamRejected(f"{step} answered an Mcp-Session-Id that is not ASCII")
            self._lines["mcp-session-id"] = reply.session
        self._lines["mcp-protocol-version"] = self.hello.revision
        await self._tell(jsonrpc.notification(legacy.INITIALIZED), legacy.INITIALIZED)

    async def ask(self, method: str, params: jsonrpc.Params) -> bytes:
        reply = await self._post(method, jsonrpc.join_params(params))
        return result_of(reply, self._link.trace.step)

    async def goodbye(self) -> None:
        """Ends the session; a server that does not care is no failure."""
        if "mcp-session-id" not in self._lines:
            return
        link = self._link
        with suppress(UpstreamError, TimeoutError):
            async with (
                asyncio.timeout(_GOODBYE_SECONDS),
                link.request("DELETE", link.target.url, link.headers(self._lines)),
            ):
                pass

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[str]]:
        link = self._link
        step = link.at("GET")
        headers = link.headers({**self._lines, "accept": "text/event-stream"})
        async with link.request("GET", link.target.url, headers) as answer:
            await _check_stream(answer, step)
            async with aclosing(_changes(answer, step, self._answer)) as changes:
                yield changes

    async def _post(self, method: str, params: bytes) -> Reply:
        body = jsonrpc.request(next(self._ids), method, params)
        step = self._link.at("POST", method)
        return await exchange(self._link, self._lines, body, step, self._answer)

    async def _tell(self, body: bytes, what: str) -> None:
        link = self._link
        step = link.at("POST", what)
        headers = link.headers(self._lines)
        async with link.request("POST", link.target.url, headers, body) as answer:
            if answer.status >= 300:
                raise UpstreamRejected(f"{step} {seen(answer, await answer.start())}")

    async def _answer(self, frame: jsonrpc.Frame) -> None:
        reply = legacy.reply_to(frame)
        if reply is not None:
            await self._tell(reply, f"answer to {frame.method}")


async def _check_stream(answer: Answer, step: str) -> None:
    """Raises NoStandingStream when the upstream has none, UpstreamRejected when it refuses us."""
    if answer.status == 200 and answer.media_type == "text/event-stream":
        return
    message = f"{step} {seen(answer, await answer.start())}"
    if answer.status in (200, 400, 404, 405, 501):
        raise NoStandingStream(message)
    raise UpstreamRejected(message)


async def _changes(answer: Answer, step: str, on_request: OnRequest) -> AsyncGenerator[str, None]:
    async with aclosing(answer.events()) as events:
        async for event in events:
            if not event.data:
                continue
            frame = decode_event(event.data, step)
            if frame.method in CHANGES:
                yield str(frame.method)
            elif frame.is_request:
                await on_request(frame)


async def _ignore(_: jsonrpc.Frame) -> None:
    """A modern server sends no requests."""


def _text(lines: list[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in lines}


def _refusal(reply: Reply) -> str:
    try:
        result_of(reply, "")
    except UpstreamRejected as error:
        return error.message.strip()
    return reply.seen
