"""The ASGI door: an application of `common.runtime.http.exchange` as an ASGI application.

It knows no server; `h2` and `h3` run it under Hypercorn's protocols. It answers `http` scopes. A
`websocket` scope is answered 404: WebSocket clients are served over HTTP/1.1.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from mcpgateway.common.errors import TooLarge
from mcpgateway.common.runtime.http.exchange import BodyPlan
from mcpgateway.common.runtime.http.guarded import TEXT
from mcpgateway.common.runtime.http.request_head import Refused
from mcpgateway.common.runtime.http.server_home import Home, UnderWay
from mcpgateway.common.runtime.tasks import end
from mcpgateway.data_plane.doors.asgi_exchange import AsgiExchange, Message, Send
from mcpgateway.data_plane.doors.asgi_head import Scope, read_head

log = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[Message]]


class AsgiApplication:
    """`home` holds what all exchanges share: the guarded application, limits, counts, the date.

    Raises `Aborted` for a response that is to be cut off: the server must not end it in order.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._exchanges: set[AsgiExchange] = set()

    def under_way(self) -> Sequence[UnderWay]:
        return [UnderWay(each.notes, each.body, each.refuse) for each in self._exchanges]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._exchange(scope, receive, send)
        elif scope["type"] == "websocket":
            await _decline_websocket(scope, receive, send)
        else:
            raise ValueError(f"ASGI scope type {scope['type']!r} is not served")

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            head = read_head(scope, self._home.limits)
        except Refused as refusal:
            self._home.counts.refused[refusal.status] += 1
            await _answer(send, refusal)
            return
        exchange = AsgiExchange(head, self._home)
        reading = asyncio.create_task(self._read(exchange, head.declared, receive))
        self._exchanges.add(exchange)
        try:
            await exchange.pump(send)
        finally:
            self._exchanges.discard(exchange)
            exchange.lose("the connection was closed")
            await end(reading)

    async def _read(self, exchange: AsgiExchange, declared: int | None, receive: Receive) -> None:
        """Until the peer leaves or the exchange is over (then this is cancelled)."""
        reader = _Reader(self._home, exchange, receive)
        try:
            plan = self._home.app.plan(exchange)
            if plan is not None and not reader.refuses(declared or 0, plan):
                await (reader.stream(plan) if plan.stream else reader.whole(plan))
            await reader.until_gone()
        except ConnectionError:
            exchange.leave()
        except Refused as refusal:
            exchange.refuse(refusal)
        except Exception:
            log.exception("%s %s: reading failed", exchange.method, exchange.path)
            exchange.abort()


class _Reader:
    """Takes the body of one request. Its methods raise Refused when that takes too long, and
    ConnectionError when the peer goes away."""

    def __init__(self, home: Home, exchange: AsgiExchange, receive: Receive) -> None:
        self._home = home
        self._exchange = exchange
        self._receive = receive
        self._left = home.limits.body_total_seconds
        self._room = asyncio.Event()

    def refuses(self, size: int, plan: BodyPlan) -> bool:
        """Answers 413 when `size` is over the plan's limit."""
        if size <= plan.limit:
            return False
        self._home.counts.refused[413] += 1
        self._exchange.respond(413, TEXT, _too_large(plan).encode() + b"\n")
        return True

    async def whole(self, plan: BodyPlan) -> None:
        body = bytearray()
        async for piece in self._pieces():
            body += piece
            if self.refuses(len(body), plan):
                return
        self._exchange.body = bytes(body)
        self._home.app.handle(self._exchange)

    async def stream(self, plan: BodyPlan) -> None:
        """No more is received while the application lets RequestBody.full stand."""
        stream = self._exchange.begin_stream(self._room.set)
        self._home.app.handle(self._exchange)
        size = 0
        async for piece in self._pieces():
            size += len(piece)
            if size > plan.limit:
                stream.finish(TooLarge(_too_large(plan)))
                return
            stream.feed(piece)
            while stream.full:
                self._room.clear()
                await self._room.wait()
        stream.finish()

    async def _pieces(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._message()
            more = message.get("more_body", False)
            if message["type"] != "http.request":
                raise ConnectionError("the peer left within its request")
            if piece := message.get("body", b""):
                yield piece

    async def _message(self) -> Message:
        now = asyncio.get_running_loop().time
        began = now()
        try:
            async with asyncio.timeout(min(self._home.limits.body_seconds, self._left)):
                return await self._receive()
        except TimeoutError:
            raise Refused(408, "the request body did not arrive in time") from None
        finally:
            self._left -= now() - began

    async def until_gone(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionError("the peer closed the connection")


def _too_large(plan: BodyPlan) -> str:
    return f"the body is over the limit of {plan.limit} bytes"


async def _answer(send: Send, refusal: Refused) -> None:
    body = refusal.text.encode() + b"\n"
    length = (b"content-length", b"%d" % len(body))
    await send(
        {"type": "http.response.start", "status": refusal.status, "headers": [*TEXT, length]}
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _decline_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """404 where the server can say so, else the close before an accept that makes it 403."""
    await receive()
    if "websocket.http.response" in scope.get("extensions", {}):
        await send({"type": "websocket.http.response.start", "status": 404, "headers": [*TEXT]})
        await send({"type": "websocket.http.response.body", "body": b"not found\n"})
    else:
        await send({"type": "websocket.close", "code": 1002})
