"""A connection's turn that a shortcut takes: a request without an exchange, unless it needs one.

Beside `ServerExchange` the other thing that a connection can be at work at. A connection works at
one request at a time, so one turn serves for all of them. It is begun only with a whole message
that repeats the head before it, and so needs no judgement of its own.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

from mcpgateway.common.runtime.http.exchange import Exchange, Shortcut, Taken
from mcpgateway.common.runtime.http.head_prediction import HeadPattern
from mcpgateway.common.runtime.http.request_head import KnownHead
from mcpgateway.common.runtime.http.request_parser import RequestParser
from mcpgateway.common.runtime.http.server_exchange import Notes, ServerExchange, Sink

logger = logging.getLogger(__name__)

_TEXT = ((b"content-type", b"text/plain"),)


class Owner(Sink, Protocol):
    """What a turn asks of its connection."""

    def answered_shortly(self, head: bytes, body: bytes) -> None:
        """The response of the turn, which is over."""

    def answered_in_pieces(self, head: bytes, pieces: Sequence[bytes]) -> None:
        """The same with a body that is not joined."""

    def lengthen(self, exchange: ServerExchange) -> None:
        """The turn goes on with this exchange, whose request was read and handed over."""


class ShortTurn:
    """Implements `exchange.Turn`."""

    __slots__ = ("_data", "_known", "_lost", "_owner", "_parser", "_pattern", "_size", "_taken")

    stream = None
    started = False
    persistent = True  # else its head would not count as repeated

    def __init__(self, owner: Owner, parser: RequestParser) -> None:
        self._owner = owner
        self._parser = parser
        self._taken: Taken | None = None
        self._data = b""
        self._size = 0
        self._pattern: HeadPattern | None = None
        self._known: KnownHead | None = None
        self._lost = ""  # why the peer is gone

    def begin(self, shortcut: Shortcut, data: bytes) -> bool:
        """Offer what was read to the shortcut. False: it is nothing for it, and nothing was
        done."""
        pattern = self._parser.predictor.pattern
        start = 0 if pattern is None else pattern.body_start(data)
        if not start:
            return False
        body = data[start:]
        # What `exchange` needs: the connection may have read other heads until it is asked for.
        self._data, self._size = data, len(body)
        self._pattern, self._known = pattern, self._parser.head.known
        try:
            self._taken = taken = shortcut.take(body, self)
        except Exception:
            logger.exception("a shortcut failed")
            self.exchange().respond(500, _TEXT, b"internal error\n")
            return True
        return taken is not None

    def answer(self, head: bytes, body: bytes) -> None:
        self._taken = None
        self._owner.answered_shortly(head, body)

    def answer_pieces(self, head: bytes, pieces: Sequence[bytes]) -> None:
        self._taken = None
        self._owner.answered_in_pieces(head, pieces)

    @property
    def notes(self) -> Notes:
        """Of the head that the request repeats."""
        assert self._known is not None
        return self._known.notes

    @property
    def body(self) -> bytes:
        return self._data[len(self._data) - self._size :]

    def exchange(self) -> Exchange:
        self._taken = None
        assert self._known is not None
        assert self._pattern is not None
        headers = self._pattern.headers(self._data, self._size)
        exchange = self._known.exchange(self._owner, self._size, headers)
        exchange.received = self._size
        exchange.body = self.body
        exchange.complete = True
        if self._lost:
            exchange.lose(self._lost)
        else:
            self._owner.lengthen(exchange)
        return exchange

    # What a connection tells the one that it is at work at.

    def lose(self, reason: str) -> None:
        self._lost = reason
        taken, self._taken = self._taken, None
        if taken is not None:
            taken.left()

    def writable_changed(self, writable: bool) -> None:
        """Of no interest: the response is written at once."""
