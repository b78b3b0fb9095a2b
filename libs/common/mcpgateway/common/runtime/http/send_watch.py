"""Peers that do not take what is written for them."""

import asyncio
from collections.abc import Callable

SHARE = 16 * 1024  # bytes that a peer must take between two looks, or else all that is left


class SendWatch:
    """Looks every `seconds` whether the unsent part of a transport's buffer shrinks, and calls
    `stalled` once when it does not. What is written in between counts against the peer, so the
    writer should wait, but for the turn of the loop in which the watch begins."""

    __slots__ = ("_handle", "_loop", "_seconds", "_stalled", "_unsent")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, seconds: float, stalled: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._stalled = stalled
        self._handle: asyncio.Handle | None = None
        self._unsent = 0

    def begin(self, transport: asyncio.WriteTransport) -> None:
        """No effect while it watches already."""
        if self._handle is None:
            self._handle = self._loop.call_soon(self._measure, transport)

    def end(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _measure(self, transport: asyncio.WriteTransport) -> None:
        self._unsent = transport.get_write_buffer_size()
        self._handle = self._loop.call_later(self._seconds, self._look, transport)

    def _look(self, transport: asyncio.WriteTransport) -> None:
        if 0 < transport.get_write_buffer_size() <= self._unsent - SHARE:
            self._measure(transport)
        else:
            self._handle = None
            self._stalled()
