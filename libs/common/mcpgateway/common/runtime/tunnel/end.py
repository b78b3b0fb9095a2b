"""One end of a tunnel: HTTP exchanges over one link, whatever connection it has at the time.

The hub asks, the other end answers; both may break an exchange off. Exchanges do not notice that a
connection broke. They end with the link, if not before.
"""

import asyncio
from collections.abc import Callable
from functools import partial

import msgspec

from mcpgateway.common.runtime.carried import frames
from mcpgateway.common.runtime.carried.asked import Asked
from mcpgateway.common.runtime.carried.frames import Frame, Request
from mcpgateway.common.runtime.carried.handed import Handed
from mcpgateway.common.runtime.carried.line import Line
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.websocket import WebSocket
from mcpgateway.common.runtime.http.websocket_connection import SocketLimits
from mcpgateway.common.tunnel.link import Estranged, Link

EXCHANGES = 256  # under way at once; more are refused
WAITING = 32 * 1024 * 1024  # bytes that wait for the other end; above: no exchange is begun
GRACE = 60.0  # seconds for which a link outlasts its connection
TAKEN = GRACE + 10.0  # seconds in which the other end takes a request, or it is given up
SOCKET = SocketLimits(message_bytes=1024 * 1024, ping_seconds=10.0)


class _Carried(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A frame of one exchange."""

    exchange: int
    frame: Frame


_carried = msgspec.msgpack.Decoder(_Carried)


class TunnelEnd:
    """`answer` takes what the other end asks; None: this end asks."""

    def __init__(self, answer: Callable[[Exchange], None] | None = None) -> None:
        self.link = Link()
        self._answer = answer
        self._lines: dict[int, Line] = {}
        self._asked = 0
        self._socket: WebSocket | None = None
        self._acknowledging: asyncio.Handle | None = None

    @property
    def under_way(self) -> int:
        """Exchanges."""
        return len(self._lines)

    @property
    def full(self) -> bool:
        """Whether no other exchange can be begun now."""
        return len(self._lines) >= EXCHANGES or self.link.waiting > WAITING

    def attach(self, socket: WebSocket, has: int, welcome: bytes = b"") -> None:
        """A connection, and what the other end has of ours; `welcome` goes out before any frame.
        Raises Estranged, with nothing done."""
        self.link.resume(has)
        self._socket = socket
        if welcome:
            socket.send(welcome)
        socket.on_writable(self._writable)
        self._write()

    def detach(self) -> None:
        """The connection is gone, or is to be left."""
        self.link.lost()
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.on_writable(None)

    def take(self, message: bytes) -> None:
        """Of the connection. Raises LinkError, and Estranged."""
        payload = self.link.take(message)
        if payload is None:
            return
        try:
            carried = _carried.decode(payload)
        except msgspec.DecodeError as error:
            raise Estranged(f"the other end speaks otherwise: {error}") from error
        self._take(carried.exchange, carried.frame)
        if self._acknowledging is None:
            self._acknowledging = asyncio.get_running_loop().call_soon(self._acknowledge)

    def ask(self, exchange: Exchange, request: Request, gone: Callable[[], None]) -> None:
        """Has the other end answer the exchange as if it were this request. `gone` is called when
        it does not take it; the exchange is the caller's again then."""
        self._asked += 1
        id = self._asked
        asked = Asked(exchange, partial(self._send, id), gone, TAKEN)
        self._keep(id, asked)
        asked.start(frames.encode(request))

    def end(self) -> None:
        """The link is over: everything that is under way breaks off."""
        self.detach()
        for line in list(self._lines.values()):
            line.broken()
        if self._acknowledging is not None:
            self._acknowledging.cancel()

    def _take(self, id: int, frame: Frame) -> None:
        line = self._lines.get(id)
        if line is None and frame.purpose == "request" and frame.seq == 0:
            line = self._begin(id)
        if line is not None:  # else it was over here before the other end knew
            line.take(frame)

    def _begin(self, id: int) -> Line | None:
        if self._answer is None:
            return None
        if self.full:
            self._send(id, Frame("refused", 0))
            return None
        handed = Handed(partial(self._send, id), self._answer, lambda request: True)
        self._keep(id, handed)
        return handed

    def _keep(self, id: int, line: Line) -> None:
        self._lines[id] = line
        line.on_over = partial(self._over, id)

    def _over(self, id: int) -> None:
        self._lines.pop(id, None)

    def _send(self, id: int, frame: Frame) -> None:
        self.link.send(frames.encode(_Carried(id, frame)))
        self._write()

    def _writable(self, writable: bool) -> None:
        if writable:
            self._write()

    def _acknowledge(self) -> None:
        """Once for all that came in a turn of the loop."""
        self._acknowledging = None
        self._write()

    def _write(self) -> None:
        while self._socket is not None and self._socket.writable:
            message = self.link.next_out()
            if message is None:
                return
            self._socket.send_binary(message)
