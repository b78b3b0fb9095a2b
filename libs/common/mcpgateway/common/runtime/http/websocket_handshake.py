"""The opening handshake of a WebSocket (RFC 6455 4.1, 4.2) over HTTP/1.1: asked for, judged, and
answered.

Pure. No extension is ever agreed on, compression among them: what one message takes is bounded by
its size on the wire.
"""

import base64
import binascii
import hashlib
from typing import NamedTuple

from mcpgateway.common.runtime.http.exchange import Exchange, Headers

VERSION = b"13"
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_KEY_BYTES = 16


class Refusal(NamedTuple):
    """Why a request opens no WebSocket; `status` is 400 or 426."""

    status: int
    text: str


def refusal(exchange: Exchange) -> Refusal | None:
    """What is wrong with a handshake, from its method and headers; None when it is right."""
    if exchange.method != "GET" or not _asks(exchange.headers):
        text = "a WebSocket handshake is needed here: GET with Connection: Upgrade and "
        return Refusal(426, text + "Upgrade: websocket")
    if _values(exchange.headers, b"sec-websocket-version") != [VERSION]:
        return Refusal(426, "Sec-WebSocket-Version must be 13, once")
    keys = _values(exchange.headers, b"sec-websocket-key")
    if len(keys) != 1 or not _is_key(keys[0]):
        return Refusal(400, "Sec-WebSocket-Key must be 16 bytes in base64, once")
    return None


def accepted(headers: Headers, subprotocol: str) -> list[tuple[bytes, bytes]]:
    """The header lines of the 101 that answers a right handshake. The subprotocol is agreed on
    only when the client offers it."""
    (key,) = _values(headers, b"sec-websocket-key")
    lines = [
        (b"upgrade", b"websocket"),
        (b"connection", b"Upgrade"),
        (b"sec-websocket-accept", _digest(key)),
    ]
    wanted = subprotocol.encode()
    if wanted and wanted in _tokens(headers, b"sec-websocket-protocol"):
        lines.append((b"sec-websocket-protocol", wanted))
    return lines


def asked(key: bytes, subprotocol: str) -> list[tuple[bytes, bytes]]:
    """The header lines that ask for a WebSocket. `key`: 16 random bytes in base64."""
    return [
        (b"connection", b"Upgrade"),
        (b"upgrade", b"websocket"),
        (b"sec-websocket-version", VERSION),
        (b"sec-websocket-key", key),
        (b"sec-websocket-protocol", subprotocol.encode()),
    ]


def unanswered(status: int, headers: Headers, key: bytes, subprotocol: str) -> str | None:
    """Why an answer to `asked` opens no such WebSocket; None when it does."""
    if status != 101:
        return f"the server answered {status} instead of opening a WebSocket"
    if _values(headers, b"sec-websocket-accept") != [_digest(key)]:
        return "the server's Sec-WebSocket-Accept is not what the key asks for"
    if _values(headers, b"sec-websocket-protocol") != [subprotocol.encode()]:
        return f"the server does not speak {subprotocol}"
    if _values(headers, b"sec-websocket-extensions"):
        return "the server agrees to an extension that nobody asked for"
    return None


def _digest(key: bytes) -> bytes:
    return base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())


def _asks(headers: Headers) -> bool:
    upgrade = [token.lower() for token in _tokens(headers, b"upgrade")]
    connection = [token.lower() for token in _tokens(headers, b"connection")]
    return b"websocket" in upgrade and b"upgrade" in connection


def _is_key(value: bytes) -> bool:
    try:
        plain = base64.b64decode(value, validate=True)
    except binascii.Error:
        return False
    return len(plain) == _KEY_BYTES and base64.b64encode(plain) == value


def _values(headers: Headers, name: bytes) -> list[bytes]:
    return [value for key, value in headers if key == name]


def _tokens(headers: Headers, name: bytes) -> list[bytes]:
    return [token.strip() for value in _values(headers, name) for token in value.split(b",")]
