"""Channels to services: one for each upstream, shared by its calls, to addresses that were judged
and are looked at again while it is open."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import grpc
import grpc.aio

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.protobuf.codec import Codec
from mcpgateway.common.routing.model import Key, Upstream
from mcpgateway.common.runtime.grpc import channel
from mcpgateway.common.runtime.grpc.calling import Caller
from mcpgateway.common.runtime.http.address_watch import AddressWatch
from mcpgateway.common.runtime.http.client import Origin
from mcpgateway.common.runtime.http.dial import Dialer
from mcpgateway.common.runtime.http.tls import profile
from mcpgateway.common.runtime.tasks import end
from mcpgateway.data_plane.upstreams.grpc.door import Ways

IDLE = 300.0  # seconds after which a channel that nobody uses is closed
_LOOK = 30.0  # seconds between two looks at the addresses of a name


class Reach(NamedTuple):
    """By what an upstream is reached: a channel is for one of them."""

    origin: Origin
    ca: str
    cert: str
    loopback: bool
    private: bool


def reach_of(upstream: Upstream) -> Reach:
    """Raises UpstreamUnreachable."""
    return Reach(
        channel.origin_of(upstream.url),
        upstream.ca_certificate,
        upstream.client_cert,
        upstream.loopback_allowed,
        upstream.private_allowed,
    )


class Lane:
    """One channel. `calls` are under way in it; `left`: it takes no more, and closes with the last
    of them."""

    def __init__(
        self, upstream: Upstream, reach: Reach, opened: grpc.aio.Channel, address: str
    ) -> None:
        self.upstream = upstream
        self.reach = reach
        self.channel = opened
        self.address = address
        self.calls = 0
        self.used = 0.0
        self.left = False
        self.watch: AddressWatch | None = None
        self._callers: dict[tuple[str, bool, bool], Caller] = {}  # as many as methods

    def caller(self, codec: Codec) -> Caller:
        """Of one method."""
        kind = (codec.path, codec.takes_stream, codec.answers_stream)
        caller = self._callers.get(kind)
        if caller is None:
            caller = self._callers[kind] = Caller(self.channel, codec)
        return caller

    def is_for(self, upstream: Upstream) -> bool:
        """Whether this record of the upstream is reached by it."""
        if self.upstream is not upstream:
            try:
                if reach_of(upstream) != self.reach:
                    return False
            except UpstreamUnreachable:
                return False
            self.upstream = upstream
        return True

    @property
    def broken(self) -> bool:
        """Whether it has no connection, and could make none."""
        state = self.channel.get_state()
        return bool(state is grpc.ChannelConnectivity.TRANSIENT_FAILURE)


class Channels:
    """Make it inside the running loop."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self._loop = asyncio.get_running_loop()
        self._dialer = Dialer(ways.policy_of, profile(), self._loop)
        self._opening: dict[str, tuple[Reach, asyncio.Task[Lane]]] = {}
        self._lanes: dict[str, Lane] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._lanes)

    async def take(self, upstream: Upstream) -> Lane:
        """The one of this upstream, for one call: to be given back. Raises UpstreamUnreachable,
        UpstreamTimeout when no address of it may be called or answers, and Unavailable."""
        lane = self._lanes.get(upstream.id)
        while lane is None or lane.left or not lane.is_for(upstream):
            lane = await self._opening_of(upstream)
        lane.calls += 1
        return lane

    def give_back(self, lane: Lane) -> None:
        """The call is over."""
        lane.calls -= 1
        lane.used = self._loop.time()
        if lane.left and not lane.calls:
            self._close(lane)

    def leave(self, id: str, lane: Lane) -> None:
        """The next call of this upstream finds another one."""
        if self._lanes.get(id) is lane:
            del self._lanes[id]
        lane.left = True
        if lane.watch is not None:
            lane.watch.stop()
        if not lane.calls:
            self._close(lane)

    def changed(self, upstreams: Mapping[str, Upstream], touched: frozenset[Key] | None) -> None:
        """Leaves those whose upstream is gone or is reached otherwise now."""
        if touched is None:
            ids = list(self._lanes)
        else:
            ids = [key.id for key in touched if key.kind == "upstream" and key.id in self._lanes]
        for id in ids:
            lane, upstream = self._lanes[id], upstreams.get(id)
            if upstream is None or not lane.is_for(upstream):
                self.leave(id, lane)

    async def aclose(self) -> None:
        for id, lane in list(self._lanes.items()):
            self.leave(id, lane)
        await end(*[task for _, task in self._opening.values()])
        if self._closing:
            await asyncio.wait(self._closing)

    async def _opening_of(self, upstream: Upstream) -> Lane:
        reach = reach_of(upstream)
        opening = self._opening.get(upstream.id)
        if opening is None or opening[0] != reach:
            task = self._loop.create_task(self._opened(upstream, reach))
            task.add_done_callback(lambda done: self._was_opened(upstream.id, done))
            opening = self._opening[upstream.id] = (reach, task)
        return await asyncio.shield(opening[1])  # others wait for it, too

    async def _opened(self, upstream: Upstream, reach: Reach) -> Lane:
        pem = self._ways.pem_of(upstream)
        seconds = self._ways.timeouts.connect
        addresses = await channel.addresses(self._dialer, reach.origin, seconds)
        opened = await channel.open_channel(reach.origin, addresses, channel.Pem(*pem))
        lane = Lane(upstream, reach, opened, addresses[0])
        lane.used = self._loop.time()
        return lane

    def _was_opened(self, id: str, done: asyncio.Task[Lane]) -> None:
        if self._opening.get(id, (None, None))[1] is done:
            del self._opening[id]
        if done.cancelled() or done.exception() is not None:  # who waits has it
            return
        lane, before = done.result(), self._lanes.get(id)
        if before is not None:
            self.leave(id, before)
        self._lanes[id] = lane
        self._look_after(id, lane)

    def _look_after(self, id: str, lane: Lane) -> None:
        def tell(addresses: frozenset[str]) -> None:
            idle = not lane.calls and self._loop.time() - lane.used > IDLE
            if idle or lane.address not in addresses:
                self.leave(id, lane)

        async def current() -> frozenset[str] | None:
            return await self._dialer.current(lane.reach.origin)

        lane.watch = AddressWatch(current, tell, _LOOK, self._loop)
        lane.watch.start()

    def _close(self, lane: Lane) -> None:
        task = self._loop.create_task(lane.channel.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
