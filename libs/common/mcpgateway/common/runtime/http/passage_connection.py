"""A server connection whose bytes go to an application as they come (`passage`)."""

import asyncio
from collections.abc import Sequence

from typing_extensions import override

from mcpgateway.common.runtime.http.passage import PassageListener
from mcpgateway.common.runtime.http.send_watch import SendWatch
from mcpgateway.common.runtime.http.server_home import Home, UnderWay


class PassageConnection(asyncio.Protocol):
    """Takes over a transport on which the upgrade was answered. Implements `passage.Passage` and
    `server_home.Successor`. A peer that takes nothing for `send_seconds` is cut off."""

    def __init__(self, home: Home, transport: asyncio.Transport, listener: PassageListener) -> None:
        self._home = home
        self._transport = transport
        self._listener: PassageListener | None = listener  # None: it was told of the end
        loop = asyncio.get_running_loop()
        self._sending = SendWatch(loop, home.limits.send_seconds, self._stalled)

    # The passage.

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._home.counts.sent += len(data)
            self._transport.write(data)

    def read(self, wanted: bool) -> None:
        if self._transport.is_closing():
            return
        if wanted:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def close(self) -> None:
        self._sending.begin(self._transport)
        self._transport.close()
        self._tell_closed()

    # The guest of a listener.

    def drain(self) -> None:
        self.close()

    def under_way(self) -> Sequence[UnderWay]:
        return ()

    def abort(self) -> None:
        self._transport.abort()

    # The protocol.

    def feed(self, data: bytes) -> None:
        """Bytes that came behind the request, or that were read since."""
        if self._listener is not None:
            self._listener.data(data)

    @override
    def data_received(self, data: bytes) -> None:
        self._home.counts.received += len(data)
        self.feed(data)

    @override
    def pause_writing(self) -> None:
        self._sending.begin(self._transport)
        if self._listener is not None:
            self._listener.writable(False)

    @override
    def resume_writing(self) -> None:
        if self._listener is not None:  # else it watches until the last byte is out
            self._sending.end()
            self._listener.writable(True)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._home.leave(self)
        self._sending.end()
        self._tell_closed()

    def _stalled(self) -> None:
        if self._transport.get_write_buffer_size():
            self._home.counts.stalled += 1
        self.abort()

    def _tell_closed(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.closed()
