"""An exchange whose request another process answers: what comes back is played on it."""

import asyncio
import logging
from collections.abc import Callable

import msgspec
from typing_extensions import override

from mcpgateway.common.runtime.carried import frames, heads
from mcpgateway.common.runtime.carried.frames import CREDIT, Frame
from mcpgateway.common.runtime.carried.line import Line, Send
from mcpgateway.common.runtime.carried.outgoing import Outgoing
from mcpgateway.common.runtime.http.exchange import Exchange

log = logging.getLogger(__name__)

ANSWER_SECONDS = 2.0  # in which an owner says that it has taken a request; the usual
_GRANT = CREDIT // 2  # frames taken after which as many more are asked for


class Asked(Line):
    """`gone` is called when the owner does not take the request; after that the exchange is the
    caller's again. A client that reads slowly is granted no frames."""

    def __init__(
        self,
        exchange: Exchange,
        send: Send,
        gone: Callable[[], None],
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        super().__init__(send)
        self._answer_seconds = answer_seconds
        self._exchange = exchange
        self._gone: Callable[[], None] | None = gone
        self._request = Outgoing(lambda piece, last: self.emit("request", piece, last=last))
        self._owed = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self, request: bytes) -> None:
        """From now on within that time either it is taken or `gone` is called."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._answer_seconds, self.broken)
        self._exchange.on_gone(self._left)
        self._exchange.on_writable(self._writable)
        self._request.end(request)

    def nobody(self) -> None:
        """There is no such owner (any more)."""
        self._refused()

    @override
    def heard(self, frame: Frame) -> None:
        match frame.purpose:
            case "taken":
                self._taken()
            case "refused":
                self._refused()
            case "credit":
                self._request.grant(int(frame.body))
            case "head" | "body" | "whole":
                self._play(frame)
            case "abort":
                self.finish()
                self._exchange.abort()
            case _:
                self.broken()

    @override
    def broken(self) -> None:
        self.emit("gone")
        if self._gone is not None:
            self._refused()
            return
        self.finish()
        self._exchange.abort()

    @override
    def finish(self) -> None:
        self._stop_timer()
        self._gone = None
        if not self.over:
            self._exchange.on_writable(None)
            self._exchange.on_gone(None)
        super().finish()

    def _taken(self) -> None:
        self._stop_timer()
        self._gone = None

    def _refused(self) -> None:
        gone = self._gone
        self.finish()
        if gone is not None:
            gone()

    def _left(self) -> None:
        """The client went away."""
        self.emit("gone")
        self.finish()

    def _play(self, frame: Frame) -> None:
        exchange = self._exchange
        try:
            if frame.purpose == "whole":
                whole = frames.wholes.decode(frame.body)
                lines = heads.of_whole(whole.status, whole.headers)
                self.finish()
                exchange.respond(whole.status, lines, whole.body)
            elif frame.purpose == "head":
                head = frames.heads.decode(frame.body)
                exchange.start(head.status, heads.of_streamed(head.status, head.headers))
            else:
                self._body(frame)
        except (ValueError, RuntimeError, msgspec.DecodeError) as error:
            log.warning("the owner's response can not be given to the client: %s", error)
            self.broken()

    def _body(self, frame: Frame) -> None:
        if frame.body:
            self._exchange.write(frame.body)
        if frame.last:
            self.finish()
            self._exchange.end()
            return
        self._owed += 1
        self._writable(self._exchange.writable)

    def _writable(self, writable: bool) -> None:
        if writable and self._owed >= _GRANT:
            self.emit("credit", b"%d" % self._owed)
            self._owed = 0

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
