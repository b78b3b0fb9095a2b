"""Translate's application with real child processes behind it, and exchanges to ask it."""

import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcpgateway.common import sse
from mcpgateway.common.runtime.stdio.app import Translator
from mcpgateway.common.runtime.stdio.options import Serve
from support.exchange import RecordingExchange
from support.stdio_server import COMMAND
from support.wait import until

ACCEPT = (b"accept", b"application/json, text/event-stream")
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
}


@asynccontextmanager
async def translator(*flags: str, **options: Any) -> AsyncIterator[Translator]:
    app = Translator(Serve((*COMMAND.split(), *flags), tuple(os.environ.items()), **options))
    try:
        yield app
    finally:
        await app.aclose()


def send(app: Translator, exchange: RecordingExchange) -> RecordingExchange:
    if app.head(exchange) is not None:
        app.handle(exchange)
    return exchange


async def done(exchange: RecordingExchange) -> RecordingExchange:
    await until(lambda: exchange.ended, f"an answer to {exchange.body!r}")
    return exchange


def message(method: str, params: Any = None, id: Any = 1) -> bytes:
    message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
    if id is not None:
        message["id"] = id
    return json.dumps(message).encode()


def legacy(
    method: str, params: Any = None, id: Any = 1, session: str = "", accept: bytes = ACCEPT[1]
) -> RecordingExchange:
    headers = [(b"accept", accept)]
    if session:
        headers.append((b"mcp-session-id", session.encode()))
    return RecordingExchange(headers=headers, body=message(method, params, id))


def modern(method: str, params: Any = None, id: Any = 1) -> RecordingExchange:
    full = {"_meta": META, **(params or {})}
    headers = [
        ACCEPT,
        (b"mcp-protocol-version", b"2026-07-28"),
        (b"mcp-method", method.encode()),
    ]
    return RecordingExchange(headers=headers, body=message(method, full, id))


def events(exchange: RecordingExchange) -> list[Any]:
    found = sse.Parser().feed(exchange.answer)
    return [json.loads(event.data) for event in found if event.event == "message"]


async def open_session(app: Translator) -> str:
    opening = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}
    opened = await done(send(app, legacy("initialize", opening)))
    assert opened.status == 200
    session = opened.sent_headers[b"mcp-session-id"].decode()
    assert send(app, legacy("notifications/initialized", id=None, session=session)).status == 202
    return session


async def result(app: Translator, exchange: RecordingExchange) -> Any:
    answered = await done(send(app, exchange))
    assert answered.status == 200, answered.answer
    return json.loads(answered.answer)["result"]
