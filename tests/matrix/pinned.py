"""Holds a peer that could speak newer revisions to one of them, on either side of the wire, and
breaks streams off."""

import json
from collections.abc import MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

ELICITATION_SINCE = "2025-06-18"
BREAK_OFF = "break_off"


def pin(message: MutableMapping[str, Any], revision: str) -> bool:
    """Whether this is `initialize`, which now asks for `revision` at most, with no capability that
    it does not know."""
    if message.get("method") != "initialize":
        return False
    params = message["params"]
    params["protocolVersion"] = min(params["protocolVersion"], revision)
    if revision < ELICITATION_SINCE:
        params["capabilities"].pop("elicitation", None)
    return True


class Pinned:
    """An ASGI server of one legacy revision. `spoken`: the revisions that requests were said to be
    of, "" where they did not say."""

    def __init__(self, app: ASGIApp, revision: str, spoken: set[str]) -> None:
        self._app = app
        self._revision = revision
        self._spoken = spoken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self._app(scope, receive, send)
        body = await read_body(receive)
        message = json.loads(body)
        if pin(message, self._revision):
            body = json.dumps(message).encode()
            scope = {**scope, "headers": _without_length(scope)}
        else:
            self._spoken.add(_version(scope))
        return await self._app(scope, given(body, receive), send)


class BreaksOff:
    """Ends the stream of a call of `break_off` after its first event; what comes later is lost."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            return await self._app(scope, receive, send)
        body = await read_body(receive)
        if b'"%s"' % BREAK_OFF.encode() in body:
            send = _one_event(send)
        return await self._app(scope, given(body, receive), send)


async def read_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        part = await receive()
        body += part.get("body", b"")
        more = part.get("more_body", False)
    return body


def given(body: bytes, receive: Receive) -> Receive:
    """A `receive` of a request whose body was read."""
    left = [body]

    async def given_receive() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await receive()

    return given_receive


def _one_event(send: Send) -> Send:
    ended = False

    async def one_event(message: Message) -> None:
        nonlocal ended
        if ended:
            return
        ended = b"data: {" in message.get("body", b"")
        await send({**message, "more_body": False} if ended else message)

    return one_event


def _without_length(scope: Scope) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in scope["headers"] if name != b"content-length"]


def _version(scope: Scope) -> str:
    found = (v for name, v in scope["headers"] if name == b"mcp-protocol-version")
    return str(next(found, b"").decode())
