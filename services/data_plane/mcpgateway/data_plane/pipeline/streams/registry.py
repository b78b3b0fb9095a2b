"""The event streams of this replica: where they are found again, and how long they are kept."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from itertools import count

from mcpgateway.common.mcp.handles import HandleError
from mcpgateway.common.mcp.revisions import V2025_11_25
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.pipeline.handles import Handles
from mcpgateway.data_plane.pipeline.shares import Shares
from mcpgateway.data_plane.pipeline.streams.client_stream import ClientStream
from mcpgateway.data_plane.pipeline.streams.heartbeat import Heartbeat
from mcpgateway.data_plane.pipeline.streams.kept import Kept

KEPT_SECONDS = 300.0  # after the client left
SENT_SECONDS = 30.0  # after the stream ended with its client there
KEPT_BYTES = 64 << 20  # of all ended streams; over it the oldest go
NAMED_SECONDS = 24 * 3600.0  # as long as a session lives
# Shared by callers (`shares`): for one more of a caller that has its share, or at the limit, the
# oldest goes that nobody reads, of its own first.
MAX_STREAMS = 50_000
_SWEEP = 15.0  # seconds


class Streams:
    """Make it inside the running loop."""

    def __init__(
        self,
        handles: Handles,
        owners: Owners,
        clock: Callable[[], float],
        heartbeat: Heartbeat,
    ) -> None:
        self._handles = handles
        self._owners = owners
        self._clock = clock
        self._heartbeat = heartbeat
        self._keys = count(1)
        self._streams: OrderedDict[str, ClientStream] = OrderedDict()
        self._callers: dict[str, str] = {}  # by key
        self._shares = Shares[str](MAX_STREAMS)
        self._kept = Kept()
        self._unread: dict[str, float] = {}  # key -> until when it is kept
        self._ended_bytes = 0
        self._sweep: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._streams)

    def open(self, exchange: Exchange, server: str, caller: str, revision: str) -> ClientStream:
        """Begin to answer an exchange of a session with a stream that can be resumed."""
        key = str(next(self._keys))
        name = self._handles.make("event", server, caller, key, NAMED_SECONDS)
        stream = ClientStream(key, name, self._kept, self._ended, primed=revision >= V2025_11_25)
        if self._shares.refuses(caller):
            self._make_room(caller)
        self._streams[key] = stream
        self._callers[key] = caller
        self._shares.take(caller, key)
        self._heartbeat.add(stream)
        self._schedule()
        stream.open(exchange)
        return stream

    def resume(
        self, exchange: Exchange, server: str, caller: str, event_id: str, lost: Callable[[], None]
    ) -> None:
        """Answer an exchange with what comes after an event, wherever its stream is. `lost` is
        called instead when there is no such stream (any more). Raises HandleError."""
        name, _, number = event_id.rpartition(".")
        if not (number.isascii() and number.isdigit() and len(number) < 16):
            raise HandleError("Last-Event-ID is no event of this gateway")
        handle = self._handles.open("event", server, caller, name)
        if handle.owner != self._handles.replica:
            self._owners.hand_over(exchange, handle.owner, lost)
            return
        stream = self._streams.get(handle.key)
        if stream is None:
            lost()
            return
        stream.resume(exchange, int(number))
        if not stream.ended:
            self._unread.pop(stream.key, None)

    def close(self) -> None:
        if self._sweep is not None:
            self._sweep.cancel()
        for stream in list(self._streams.values()):
            stream.abandon()
        self._streams.clear()

    def _ended(self, stream: ClientStream) -> None:
        kept = SENT_SECONDS if stream.attached else KEPT_SECONDS
        self._unread[stream.key] = self._clock() + kept
        self._heartbeat.remove(stream)
        self._ended_bytes += stream.size
        while self._ended_bytes > KEPT_BYTES:
            self._forget(next(key for key in self._unread if self._streams[key].ended))

    def _make_room(self, caller: str) -> None:
        own = (key for key in self._shares.held(caller) if not self._streams[key].attached)
        victim = next(own, None)
        if victim is None:
            victim = next(iter(self._unread), None) or next(
                (key for key, each in self._streams.items() if not each.attached), None
            )
        if victim is not None:
            self._forget(victim)

    def _forget(self, key: str) -> None:
        self._unread.pop(key, None)
        stream = self._streams.pop(key)
        self._shares.give_back(self._callers.pop(key), key)
        if stream.ended:
            self._ended_bytes -= stream.size
        else:
            self._heartbeat.remove(stream)
            stream.abandon()
        stream.forget()

    def _schedule(self) -> None:
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(_SWEEP, self._expire)

    def _expire(self) -> None:
        self._sweep = None
        now = self._clock()
        for key, stream in self._streams.items():
            if stream.attached:
                self._unread.pop(key, None)
            else:
                self._unread.setdefault(key, now + KEPT_SECONDS)
        for key in [key for key, until in self._unread.items() if until <= now]:
            self._forget(key)
        if self._streams:
            self._schedule()
