"""Two connections joined: what comes from one goes to the other, as bytes, no faster than it is
taken. Used for upgrades that are agreed on behind us."""

import asyncio
from collections.abc import Callable
from typing import cast

from typing_extensions import override

from mcpgateway.common.runtime.http.exchange import Exchange, Headers
from mcpgateway.common.runtime.http.passage import Passage
from mcpgateway.common.runtime.http.upgrade import Upgrade


class Splice:
    """Listens to the near side. Either side's end ends the other, after what was written to it."""

    def __init__(self, on_closed: Callable[[], None]) -> None:
        self._on_closed = on_closed
        self._near: Passage | None = None
        self._far: _Far | None = None
        self._over = False

    def join(self, exchange: Exchange, headers: Headers, upgrade: Upgrade) -> bool:
        """Answers the exchange with these lines; from then on `on_closed` will be called, once.
        False when it can not be upgraded; then nothing was answered, and `upgrade` is closed."""
        near = self._near = exchange.pass_on(headers, self)
        if near is None:
            upgrade.close()
            return False
        self._far = upgrade.take_over(lambda transport: _Far(transport, near, self.close))
        return True

    def close(self) -> None:
        if self._over or self._near is None:
            return
        self._over = True
        self._near.close()
        if self._far is not None:
            self._far.close()
        self._on_closed()

    # The near side.

    def data(self, data: bytes) -> None:
        if self._far is not None:
            self._far.write(data)

    def writable(self, writable: bool) -> None:
        if self._far is not None:
            self._far.read(writable)

    def closed(self) -> None:
        self.close()


class _Far(asyncio.Protocol):
    """The connection that was upgraded for it."""

    def __init__(
        self, transport: asyncio.Transport, near: Passage, on_closed: Callable[[], None]
    ) -> None:
        self._transport = transport
        self._near = near
        self._on_closed = on_closed

    def feed(self, data: bytes) -> None:
        self._near.write(data)

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def read(self, wanted: bool) -> None:
        if self._transport.is_closing():
            return
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def close(self) -> None:
        self._transport.close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    @override
    def data_received(self, data: bytes) -> None:
        self._near.write(data)

    @override
    def pause_writing(self) -> None:
        self._near.read(False)

    @override
    def resume_writing(self) -> None:
        self._near.read(True)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._on_closed()
