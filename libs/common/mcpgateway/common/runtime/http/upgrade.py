"""Asks a server for an upgrade of the connection (RFC 9110 7.8): a WebSocket, mostly. What follows
on it is its user's."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

import httptools
from typing_extensions import override

from mcpgateway.common.errors import UpstreamRejected, UpstreamTimeout
from mcpgateway.common.runtime.http.client import Headers, Origin
from mcpgateway.common.runtime.http.dial import Dialer
from mcpgateway.common.runtime.http.request_url import request_head
from mcpgateway.common.runtime.http.server_home import Fed

HEAD_BYTES = 16 * 1024
BODY_BYTES = 64 * 1024  # of a refusal
SWITCHING = 101

FedT = TypeVar("FedT", bound=Fed)


class Answered(NamedTuple):
    """`body` is empty for an upgrade that was agreed to."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""


class Upgrade:
    """A connection and what was answered on it. Take it over, or close it."""

    def __init__(self, answered: Answered, transport: asyncio.Transport, rest: bytes) -> None:
        self.answered = answered
        self._transport = transport
        self._rest = rest

    @property
    def agreed(self) -> bool:
        return self.answered.status == SWITCHING

    def take_over(self, make: Callable[[asyncio.Transport], FedT]) -> FedT:
        """What is made hears of the transport from now on, and what was read already."""
        successor = make(self._transport)
        self._transport.set_protocol(cast(asyncio.Protocol, successor))
        if self._rest:
            successor.feed(self._rest)
        self._transport.resume_reading()
        return successor

    def close(self) -> None:
        self._transport.abort()


async def upgrade(
    dialer: Dialer, origin: Origin, target: str, headers: Headers, timeout: float
) -> Upgrade:
    """`timeout` in seconds, for the connection and for the answer each. Raises InvalidCall,
    UpstreamUnreachable, UpstreamTimeout, UpstreamRejected (no HTTP, or too much of it)."""
    head = request_head("GET", target, origin, headers)
    asking = (await dialer.connect(origin, _Asking, timeout)).protocol
    try:
        async with asyncio.timeout(timeout):
            return await asking.ask(head)
    except TimeoutError:
        asking.drop()
        where = f"{origin.host}:{origin.port}"
        raise UpstreamTimeout(f"{where} did not answer within {timeout:g} s") from None
    except BaseException:
        asking.drop()
        raise


class _Asking(asyncio.Protocol):
    """Reads one answer."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Upgrade] = asyncio.get_running_loop().create_future()
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = b""
        self._read = 0

    async def ask(self, head: bytes) -> Upgrade:
        assert self._transport is not None
        self._transport.write(head + b"\r\n")
        return await self._answer

    def drop(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    @override
    def data_received(self, data: bytes) -> None:
        if self._answer.done():
            return
        self._read += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgraded:
            self._done(data[upgraded.args[0] :])
        except httptools.HttpParserError as error:
            self._fail(f"it did not answer in HTTP: {error}")
        else:
            if self._read > HEAD_BYTES + BODY_BYTES:
                self._fail(f"its answer is over {HEAD_BYTES + BODY_BYTES} bytes")

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("it closed the connection instead of answering")

    # What the parser tells.

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status >= 200:
            self._done(b"")
        elif status != SWITCHING:
            self._headers.clear()

    def _done(self, rest: bytes) -> None:
        if self._answer.done() or self._transport is None:
            return
        self._transport.pause_reading()
        status = self._parser.get_status_code()
        answered = Answered(status, self._headers, self._body)
        self._answer.set_result(Upgrade(answered, self._transport, rest))

    def _fail(self, why: str) -> None:
        if not self._answer.done():
            self._answer.set_exception(UpstreamRejected(why))
