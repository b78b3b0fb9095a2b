"""Goes on with an answer whose event stream broke off: GET with `Last-Event-ID`, as often as it
takes, so that the client sees nothing of it. Also what a server of 2025-11-25 asks for when it
closes a stream and wants to be polled."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from mcpgateway.common.errors import GatewayError, UpstreamRejected, UpstreamTimeout
from mcpgateway.common.runtime.http.client import Receiver, Ticket
from mcpgateway.data_plane.upstreams.faults import Refusal, refused
from mcpgateway.data_plane.upstreams.message_reader import MessageReader
from mcpgateway.data_plane.upstreams.targets import Target

ATTEMPTS = 5  # in a row that bring no new event
POLLS = 1000  # in a row that bring no message
FIRST_PAUSE = 0.25  # seconds, where the upstream names none; doubled with each attempt
LONGEST_PAUSE = 60.0


class Session(Protocol):
    """Where the answer is to be had."""

    target: Target

    def go_on(self, last_id: str, receiver: Receiver) -> Ticket:
        """Ask for the stream from after an event. Raises GatewayError."""


class Resumption:
    """The ticket of an answer that goes on, and the Listener of its streams. `message` gets what
    comes (True: that was the last), `gave_up` why nothing more will."""

    def __init__(
        self,
        session: Session,
        message: Callable[[bytes], bool],
        gave_up: Callable[[GatewayError], None],
    ) -> None:
        self._session = session
        self._message = message
        self._gave_up = gave_up
        self._reader: MessageReader | None = None
        self._last_id = ""
        self._pause: float | None = None  # that the upstream named
        self._attempts = 0
        self._polls = 0
        self._held = False
        self._paused = False
        self._timer: asyncio.TimerHandle | None = None

    def broke(self, reader: MessageReader, error: GatewayError | None) -> None:
        """A stream ended without the answer, by `error` or just so."""
        self._reader = None
        self._polls += 1
        self._attempts = 0 if reader.last_id not in ("", self._last_id) else self._attempts
        self._last_id = reader.last_id or self._last_id
        if self._attempts >= ATTEMPTS or self._polls >= POLLS:
            why = "the stream ended" if error is None else error.message
            self._fail(f"{self._attempts} attempts to resume it failed: {why}")
            return
        if reader.retry is not None:
            self._pause = reader.retry / 1000
        pause = FIRST_PAUSE * 2**self._attempts if self._pause is None else self._pause
        self._attempts += 1
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(min(pause, LONGEST_PAUSE), self._go)

    # The ticket.

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._reader is not None:
            self._reader.cancel()

    def pause(self) -> None:
        self._paused = True
        if self._reader is not None:
            self._reader.pause()

    def resume(self) -> None:
        self._paused = False
        if self._reader is not None:
            self._reader.resume()

    def hold(self, held: bool) -> None:
        self._held = held
        if self._reader is not None:
            self._reader.hold(held)

    # The listener.

    def message(self, raw: bytes) -> bool:
        self._polls = 0
        return self._message(raw)

    def refused(self, refusal: Refusal) -> None:
        self._fail(refused(self._session.target.name, refusal).message)

    def ended(self) -> None:
        assert self._reader is not None
        self.broke(self._reader, None)

    def failed(self, error: GatewayError) -> None:
        assert self._reader is not None
        if isinstance(error, UpstreamTimeout):
            self._gave_up(error)
        else:
            self.broke(self._reader, error)

    def _go(self) -> None:
        self._timer = None
        target = self._session.target
        reader = MessageReader(target.name, self, target.timeouts.first_byte)
        reader.hold(self._held)
        self._reader = reader
        try:
            reader.ticket = self._session.go_on(self._last_id, reader)
        except GatewayError as error:
            self._fail(error.message)
            return
        if self._paused:
            reader.pause()

    def _fail(self, why: str) -> None:
        name = self._session.target.name
        problem = f"upstream {name!r} broke its answer off, and it could not be resumed: {why}"
        self._gave_up(UpstreamRejected(problem, outcome_unknown=True))
