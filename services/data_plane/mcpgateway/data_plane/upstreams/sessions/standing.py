"""The stream of a session that belongs to no call (GET): there, too, an upstream may ask, log and
report progress. It is open while calls of the session may be asked something, or somebody relies
on it."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, Protocol

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.common.runtime.http.wire import EVENT_STREAM
from mcpgateway.data_plane.upstreams.delivery import read_frame
from mcpgateway.data_plane.upstreams.faults import Refusal, passing
from mcpgateway.data_plane.upstreams.message_reader import MessageReader
from mcpgateway.data_plane.upstreams.targets import Target, lines

STREAMS = 3 / 8  # of the connections to one upstream may be such streams


class Pace(NamedTuple):
    """Seconds. `opens`: calls wait so long for it, since some servers send no head before the
    first event; `rests`: it stays open after the last call; `again`: until it is opened again,
    where the upstream names none."""

    opens: float = 1.0
    rests: float = 15.0
    again: float = 1.0


_PACE = Pace()
_MOST = 30.0  # seconds until it is tried again, where somebody relies on it


class Relier(Protocol):
    """Who relies on the stream, beyond calls."""

    def stood(self) -> None:
        """It is open, perhaps once more."""

    def fell(self, refusal: Refusal | None) -> None:
        """It is not. Unless it is refused for good it is opened again while it is wanted."""


class StandingStream:
    """`head` says how its requests begin; `taken` gets the messages. When an upstream has
    its share of them already, or offers none, or refuses one now, calls go on without. `relier`:
    who does not."""

    def __init__(
        self,
        http: HttpClient,
        target: Target,
        head: Callable[[], bytes],
        taken: Callable[[jsonrpc.Frame], None],
        pace: Pace = _PACE,
    ) -> None:
        self._http = http
        self._target = target
        self._head = head
        self._taken = taken
        self._pace = pace
        self.relier: Relier | None = None
        self.left: Callable[[], None] = _unminded  # told when one that was open is no more
        self._failures = 0
        self._waiting: list[Callable[[], None]] = []
        self._reader: MessageReader | None = None
        self._open = False
        self._refused = False
        self._taken_elsewhere = False  # or refused for another reason that passes
        self._wanted = False
        self._last_id = ""
        self._late: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None  # to close it, or to open it again

    def want(self, then: Callable[[], None]) -> None:
        """Calls back when it is open, or is not to be had."""
        self._wanted = True
        self._stop_timer()
        if self._open or self._refused or (self._taken_elsewhere and self.relier is None):
            then()
            return
        if self._reader is None:
            self._begin()
        if self._late is None:  # not to be had, or not yet: that is no reason to wait
            then()
        else:
            self._waiting.append(then)

    @property
    def denied(self) -> bool:
        """Whether the upstream has said that there is none."""
        return self._refused

    @property
    def crowded(self) -> bool:
        """Whether it is not open because there are too many with this upstream."""
        return self._reader is None and self._full

    @property
    def _full(self) -> bool:
        return self._target.standing >= self._target.connections * STREAMS

    def try_now(self) -> None:
        """It may be had again: no reason to wait any longer, where somebody relies on it."""
        if self._wanted and self._reader is None and self.relier is not None:
            self._stop_timer()
            self._failures = 0
            self._again()

    def rest(self) -> None:
        """No call is in the session now."""
        self._wanted = False
        self._stop_timer()
        if self._reader is not None:
            self._timer = asyncio.get_running_loop().call_later(self._pace.rests, self._end)

    def close(self) -> None:
        self._wanted = False
        self._end()
        self._wake()

    # The listener.

    def message(self, raw: bytes) -> bool:
        try:
            frame = read_frame(raw)
        except jsonrpc.FrameError:
            return False  # it is nobody's answer
        self._taken(frame)
        return False

    def refused(self, refusal: Refusal) -> None:
        self._taken_elsewhere = passing(refusal)
        self._refused = not self._taken_elsewhere
        self._gone(refusal if self._refused else None)

    def ended(self) -> None:
        self._gone()

    def failed(self, error: GatewayError) -> None:
        self._gone()

    def _begin(self) -> None:
        target = self._target
        if self._full:
            return
        asked = [(b"accept", EVENT_STREAM)]
        if self._last_id:
            asked.append((b"last-event-id", self._last_id.encode()))
        reader = MessageReader(target.name, self)
        reader.on_open = self._opened
        timeouts = target.endless
        try:
            head = self._head() + lines(asked)
            reader.ticket = self._http.send(target.origin, head, b"", reader, timeouts=timeouts)
        except GatewayError:
            return
        target.standing += 1
        self._reader = reader
        self._late = asyncio.get_running_loop().call_later(self._pace.opens, self._wake)

    def _opened(self) -> None:
        self._open = True
        self._taken_elsewhere = False
        self._failures = 0
        self._wake()
        if self.relier is not None:
            self.relier.stood()

    def _wake(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then()

    def _end(self) -> None:
        self._stop_timer()
        reader = self._reader
        if reader is not None:
            self._forget(reader)
            reader.cancel()

    def _gone(self, refusal: Refusal | None = None) -> None:
        reader = self._reader
        if reader is None:
            return
        opened = self._open
        self._forget(reader)
        if self._wanted and (opened or self.relier is not None) and not self._refused:
            pause = self._pace.again if reader.retry is None else reader.retry / 1000
            self._come_again(pause)
        self._wake()
        if self.relier is not None:
            self.relier.fell(refusal)

    def _come_again(self, pause: float) -> None:
        wait = min(pause * float(1 << min(self._failures, 16)), max(pause, _MOST))
        self._failures += 1
        self._timer = asyncio.get_running_loop().call_later(wait, self._again)

    def _again(self) -> None:
        self._timer = None
        if self._reader is None:
            self._begin()
        if self._reader is None and self.relier is not None:
            self._come_again(self._pace.again)

    def _forget(self, reader: MessageReader) -> None:
        self._last_id = reader.last_id or self._last_id
        self._reader = None
        opened, self._open = self._open, False
        self._target.standing -= 1
        if opened:
            self.left()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _unminded() -> None:
    """Nobody else waits for it."""
