"""A server connection that offers requests with a repeated head to a shortcut first.

It does so when it is at work at nothing and nothing waits, so that the order of requests and the
limits on reading are those of `server_connection`; what a shortcut does not take, and all the
rest, goes on there. Nothing else is different.
"""

import asyncio
from collections.abc import Sequence

from typing_extensions import override

from mcpgateway.common.runtime.http.server_connection import SLICE, ServerConnection
from mcpgateway.common.runtime.http.server_exchange import ServerExchange
from mcpgateway.common.runtime.http.server_home import Home
from mcpgateway.common.runtime.http.short_turn import ShortTurn

_LONG = 16 * 1024  # bytes of a body from which on a copy costs more than a second piece


class ShortcutConnection(ServerConnection):
    """Also the owner of its short turns."""

    def __init__(self, home: Home, loop: asyncio.AbstractEventLoop, scheme: str) -> None:
        super().__init__(home, loop, scheme)
        self._short = ShortTurn(self, self._parser)

    @override
    def data_received(self, data: bytes) -> None:
        shortcut = self._head.notes.shortcut
        if shortcut is None or self._current is not None or not self._ready_for(data):
            super().data_received(data)
            return
        self._current = self._short
        if self._short.begin(shortcut, data):
            self.counts.received += len(data)
        else:
            self._current = None
            super().data_received(data)

    def _ready_for(self, data: bytes) -> bool:
        """Whether an exchange for it would be begun at once."""
        if self._deaf or self._waiting or self._unread:
            return False
        return self._reading and self.writable and len(data) <= SLICE

    def answered_shortly(self, head: bytes, body: bytes) -> None:
        lines = self._lines(head, len(body))
        if len(body) < _LONG:
            self.send(b"%b\r\n%b" % (lines, body))
        else:
            self.send_pieces((b"%b\r\n" % lines, body))
        self._over()

    def answered_in_pieces(self, head: bytes, pieces: Sequence[bytes]) -> None:
        self.send_pieces((self._lines(head, sum(map(len, pieces))) + b"\r\n", *pieces))
        self._over()

    def _lines(self, head: bytes, length: int) -> bytes:
        home = self._home
        self.counts.answered[200] += 1
        closing = b"connection: close\r\n" if home.draining else b""
        return b"%bcontent-length: %d\r\n%b%b" % (head, length, home.date(), closing)

    def _over(self) -> None:
        self._current = None
        if self._home.draining:
            self._close(lingering=False)
            return
        if not self._head.open:
            self._deadline.expire_in(self._limits.idle_seconds)
        if self._waiting or self._refusal is not None or not self._reading:
            self._advance()

    def lengthen(self, exchange: ServerExchange) -> None:
        exchange.peer, exchange.scheme = self._peer, self._scheme
        self._deadline.never()
        self._current = exchange
