"""What two processes send each other about an exchange that one handed over to the other.

The asker sends `request` frames and takes `head`, `body` or `whole` ones; `credit` says that so
many more frames of a body are wanted. `gone` and `abort` break off, from either end.
"""

from typing import Literal

import msgspec

from mcpgateway.common.runtime.http.exchange import Exchange

FRAME = 256 * 1024  # bytes of a request or a body in one frame
CREDIT = 8  # frames of a request or a body under way at once
REQUEST_LIMIT = 8 * 1024 * 1024  # bytes of a request, body and headers

Purpose = Literal[
    "request",  # asker: a piece of a Request
    "taken",  # owner: the request runs here
    "refused",  # owner: it does not
    "head",  # owner: a Head
    "body",  # owner: a piece of the body
    "whole",  # owner: a Whole
    "abort",  # owner: the response can not be completed
    "gone",  # asker: the client has left
    "credit",  # both: as a decimal number
]


class Frame(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """`seq` counts the frames of one exchange in one direction, from 0: a gap is a loss. `last`
    ends what the purpose has many of."""

    purpose: Purpose
    seq: int
    last: bool = False
    body: bytes = b""


class Request(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """An exchange's request. `at`: when it was handed over, in Unix seconds."""

    at: float
    method: str
    target: bytes
    path: str
    query: str
    headers: list[tuple[bytes, bytes]]
    peer: tuple[str, int]
    scheme: str
    body: bytes


class Head(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Of a streamed response."""

    status: int
    headers: list[tuple[bytes, bytes]]


class Whole(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A response in one piece of at most FRAME bytes."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes


encode = msgspec.msgpack.Encoder().encode
frames = msgspec.msgpack.Decoder(Frame)
requests = msgspec.msgpack.Decoder(Request)
heads = msgspec.msgpack.Decoder(Head)
wholes = msgspec.msgpack.Decoder(Whole)


def request_of(exchange: Exchange, now: float) -> bytes:
    return encode(
        Request(
            now,
            exchange.method,
            exchange.target,
            exchange.path,
            exchange.query,
            exchange.headers,
            exchange.peer,
            exchange.scheme,
            exchange.body,
        )
    )
