"""A connection that has become a WebSocket: frames in, whole messages to the listener.

Framing is wsproto's, which judges frames as RFC 6455 wants it (masks, reserved bits, opcodes,
lengths, UTF-8). Rules here:

1. A message is collected up to a limit, whatever its fragments; over it the socket is closed 1009.
2. Some messages are taken in a turn of the loop, the others in the next; nothing is read meanwhile.
3. Nothing is read or heard while the peer does not take what is written. A peer that takes nothing
   for `send_seconds`, or for which more than `unsent_bytes` wait, is cut off.
4. A ping goes out every `ping_seconds`; a peer that was silent after two is dropped.
5. Who closes says why, waits for the other's close for a time and drops what comes meanwhile. What
   is no WebSocket any more (a bad frame) is closed too, and not read on.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from typing_extensions import override
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, TextMessage

from mcpgateway.common.runtime.http.deadline import Deadline
from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.common.runtime.http.send_watch import SendWatch
from mcpgateway.common.runtime.http.server_counts import ServerCounts
from mcpgateway.common.runtime.http.server_home import Guest, UnderWay
from mcpgateway.common.runtime.http.websocket import FAILED, GOING_AWAY, TOO_BIG, WebSocketListener

logger = logging.getLogger(__name__)

TURN = 16  # events taken in one turn of the loop
MISSED = 2  # pings without a sign of life
REASON = 123  # bytes of a close frame that are left for the reason


@dataclass(frozen=True, slots=True)
class SocketLimits:
    """Sizes in bytes, times in seconds."""

    message_bytes: int = 4 * 1024 * 1024
    unsent_bytes: int = 16 * 1024 * 1024
    ping_seconds: float = 30.0
    close_seconds: float = 5.0


class SocketHome(Protocol):
    """What it needs of `server_home.Home`."""

    limits: ServerLimits
    counts: ServerCounts

    def leave(self, guest: Guest) -> None: ...


class WebSocketConnection(asyncio.Protocol):
    """Takes over a transport whose handshake is answered. Implements `websocket.WebSocket` and
    `server_home.SocketSuccessor`."""

    def __init__(
        self,
        home: SocketHome,
        transport: asyncio.Transport,
        listener: WebSocketListener,
        limits: SocketLimits,
        side: ConnectionType = ConnectionType.SERVER,
    ) -> None:
        self._home = home
        self._limits = limits
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._listener: WebSocketListener | None = listener  # None: it was told of the end
        self._frames = Connection(side)
        self._message = bytearray()
        self._deaf = False  # what comes is thrown away
        self._busy = False  # more events wait for the next turn, or for a peer that reads
        self._writable = True
        self._on_writable: Callable[[bool], None] | None = None
        self._said: tuple[int, str] | None = None
        self._closing = Deadline(self._loop, self._late)
        self._sending = SendWatch(self._loop, home.limits.send_seconds, self._stalled)
        self._unheard = 0  # pings since the last sign of life
        self._timer = self._loop.call_later(limits.ping_seconds, self._ping)

    # The socket.

    def send(self, text: bytes) -> None:
        if self._open():
            # Text frames must be UTF-8; what an upstream sent that is not would end the socket.
            self._write(TextMessage(data=text.decode("utf-8", "replace")))

    def send_binary(self, data: bytes) -> None:
        if self._open():
            self._write(BytesMessage(data=data))

    def _open(self) -> bool:
        """Whether something can be sent; rule 3."""
        if self._deaf or self._frames.state is not ConnectionState.OPEN:
            return False
        if self._transport.get_write_buffer_size() > self._limits.unsent_bytes:
            self._stalled()
            return False
        return True

    def close(self, code: int, reason: str = "") -> None:
        if self._frames.state is ConnectionState.OPEN and not self._deaf:
            short = reason.encode()[:REASON].decode("utf-8", "ignore")
            self._write(CloseConnection(code=code, reason=short))
            self._await_end()
        self._tell_closed()

    @property
    def said(self) -> tuple[int, str] | None:
        return self._said

    @property
    def writable(self) -> bool:
        return self._writable

    def on_writable(self, callback: Callable[[bool], None] | None) -> None:
        self._on_writable = callback

    # The guest of a listener.

    def drain(self) -> None:
        self.close(GOING_AWAY, "the server is stopping")

    def under_way(self) -> Sequence[UnderWay]:
        return ()

    def abort(self) -> None:
        self._deaf = True
        self._transport.abort()

    # The protocol.

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._deaf = True
        self._home.leave(self)
        self._timer.cancel()
        self._closing.close()
        self._sending.end()
        self._tell_closed()

    @override
    def pause_writing(self) -> None:
        self._writable = False
        self._sending.begin(self._transport)
        self._steer_reading()
        if self._on_writable is not None:
            self._on_writable(False)

    @override
    def resume_writing(self) -> None:
        self._writable = True
        if self._listener is not None:  # else it watches until the last byte is out
            self._sending.end()
        if self._busy:
            self._loop.call_soon(self._go_on)
        self._steer_reading()
        if self._on_writable is not None:
            self._on_writable(True)

    @override
    def data_received(self, data: bytes) -> None:
        self._home.counts.received += len(data)
        self.feed(data)

    def feed(self, data: bytes) -> None:
        """Bytes that came behind the handshake, or that were read since."""
        self._unheard = 0
        if not self._deaf:
            self._frames.receive_data(data)
            if not self._busy:
                self._work()

    def _go_on(self) -> None:
        if not self._deaf:
            self._work()

    def _work(self) -> None:
        """Rules 2 and 3."""
        self._busy = not self._writable
        if self._busy:
            return
        for taken, event in enumerate(islice(self._frames.events(), TURN), 1):
            self._take(event)
            if self._deaf:
                return
            if taken == TURN or not self._writable:
                self._busy = True
                break
        if self._busy and self._writable:
            self._loop.call_soon(self._go_on)
        self._steer_reading()

    def _take(self, event: Event) -> None:
        if isinstance(event, TextMessage):
            self._collect(event.data.encode(), finished=event.message_finished)
        elif isinstance(event, BytesMessage):
            self._collect(event.data, finished=event.message_finished)
        elif isinstance(event, Ping):
            if self._frames.state is ConnectionState.OPEN:
                self._write(event.response())
        elif isinstance(event, CloseConnection):
            self._closed_by_peer(event)

    def _collect(self, data: bytes | bytearray, *, finished: bool) -> None:
        if self._listener is None:
            return
        if len(self._message) + len(data) > self._limits.message_bytes:
            self._message.clear()
            self.close(TOO_BIG, f"a message is at most {self._limits.message_bytes} bytes")
            return
        self._message += data
        if finished:
            message, self._message = bytes(self._message), bytearray()
            self._hear(message)

    def _hear(self, message: bytes) -> None:
        assert self._listener is not None
        try:
            self._listener.message(message)
        except Exception:
            logger.exception("a WebSocket's listener failed")
            self.close(FAILED, "internal error")

    def _closed_by_peer(self, event: CloseConnection) -> None:
        """Its close frame, or a frame that was none."""
        state = self._frames.state
        if state is ConnectionState.OPEN:  # wsproto found something wrong
            self.close(event.code, event.reason or "")
        self._deaf = True
        if state is ConnectionState.REMOTE_CLOSING:
            self._said = (int(event.code), event.reason or "")
            self._write(event.response())
            self._tell_closed()
            self._finish()
        elif state is ConnectionState.CLOSED:
            self._finish()

    # The end.

    def _await_end(self) -> None:
        self._timer.cancel()
        self._sending.begin(self._transport)
        self._closing.expire_in(self._limits.close_seconds)

    def _finish(self) -> None:
        """Both have said it: what is written goes out, then the transport closes."""
        self._await_end()
        self._transport.close()

    def _late(self) -> None:
        if not self._transport.get_write_buffer_size():  # else rule 3 decides
            self._transport.abort()

    def _tell_closed(self) -> None:
        listener, self._listener = self._listener, None
        self._on_writable = None
        if listener is not None:
            listener.closed()

    def _stalled(self) -> None:
        if self._transport.get_write_buffer_size():
            self._home.counts.stalled += 1
        self.abort()
        self._tell_closed()

    # Reading, writing, and signs of life.

    def _write(self, event: Event) -> None:
        data = self._frames.send(event)
        self._home.counts.sent += len(data)
        self._transport.write(data)

    def _steer_reading(self) -> None:
        if self._transport.is_closing():
            return
        if self._busy or not self._writable:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _ping(self) -> None:
        if self._unheard >= MISSED:
            self.abort()
            return
        if self._writable:  # else rule 3 says when it is too long
            self._unheard += 1
            self._write(Ping())
        self._timer = self._loop.call_later(self._limits.ping_seconds, self._ping)
