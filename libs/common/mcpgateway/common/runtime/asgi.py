"""Serving an ASGI application with Hypercorn: for the services off the hot path."""

import asyncio
import logging
from typing import cast

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mcpgateway.common.errors import Unavailable

KEEP_ALIVE = 60.0  # seconds that a connection may idle
DISCARD = 64 * 1024 * 1024  # bytes of a body nobody wants that are read all the same


async def serve_asgi(
    app: ASGIApp, host: str, port: int, stop: asyncio.Event, *, grace: float
) -> None:
    """Until `stop` is set; then requests under way have `grace` seconds. Raises Unavailable when
    the address can not be listened on."""
    config = Config()
    config.bind = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.graceful_timeout = grace
    config.keep_alive_timeout = KEEP_ALIVE
    try:
        await serve(cast(ASGIFramework, reading_bodies(app)), config, shutdown_trigger=stop.wait)
    except OSError as error:
        why = error.strerror or str(error)
        raise Unavailable(f"can not listen on {host}:{port}: {why}") from error


def reading_bodies(app: ASGIApp) -> ASGIApp:
    """Reads what the application left of a body before its answer goes out: a connection that is
    closed over unread data is reset, and who still sends may never see why it was refused."""

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        body = _Body(receive)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                await body.discard()
            await send(message)

        await app(scope, body.receive, answer)

    return read


class _Body:
    """A request's body, and whether more of it is to come."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._more = True

    async def receive(self) -> Message:
        message = await self._receive()
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def discard(self) -> None:
        left = DISCARD
        while self._more and left > 0:
            left -= len((await self.receive()).get("body", b""))
