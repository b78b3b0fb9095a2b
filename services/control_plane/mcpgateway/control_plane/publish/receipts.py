"""What is known of the replicas, from their receipts: who lives, what each serves, how fast.

Every control plane listens by itself. Receipts are not signed: what a replica says of itself is
believed, and a data-plane login may say it for any replica; nothing is decided by it but answers to
`?wait=applied` and what is shown.
"""

import asyncio
import logging
import math
import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

from mcpgateway.common.routing.codec import CodecError
from mcpgateway.common.routing.receipt import Receipt, decode
from mcpgateway.common.runtime.tasks import wait_at_most
from mcpgateway.common.subjects import Subjects
from mcpgateway.control_plane.registry.ports import Outcome, Position

log = logging.getLogger(__name__)

LIVE = 5.0  # seconds since the last receipt
ROUND = 2.5  # seconds in which every living replica sends a receipt
MAX_REPLICAS = 1000  # receipts of more are dropped
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # of a replica: it goes into headers and logs
_REVISIONS = 1024  # whose time on the bus is remembered
_TIMINGS = 256  # of each replica

Clock = Callable[[], float]  # monotonic seconds
Span = tuple[str, int]  # registry, revision
ReadDelta = Callable[[bytes], Span | None]


@dataclass
class _Replica:
    receipt: Receipt
    heard: float
    timings: deque[float] = field(default_factory=lambda: deque(maxlen=_TIMINGS))

    def has(self, position: Position) -> bool:
        held = self.receipt
        return held.registry == position.registry and held.revision >= position.revision


class Fleet:
    """Implements the API's Fleet. `read_delta` says what a message on the delta subject leads
    to, or None for what is not ours. Times of propagation are counted from when this control plane
    set out to publish (see `announce`), and where another one leads, from when it was heard."""

    def __init__(self, clock: Clock, read_delta: ReadDelta) -> None:
        self._clock = clock
        self._read_delta = read_delta
        self._replicas: dict[str, _Replica] = {}
        self._listens_since = -math.inf
        self._published: dict[Span, float] = {}  # oldest first
        self._news = asyncio.Event()

    async def listen(self, client: Client, subjects: Subjects) -> None:
        """Until the connection is closed; it survives reconnects."""

        async def on_receipt(message: Msg) -> None:
            self.hear_receipt(message.subject.rsplit(".", 1)[-1], message.data)

        async def on_delta(message: Msg) -> None:
            self.hear_delta(message.data)

        self.begin()
        await client.subscribe(subjects.receipts, cb=on_receipt)
        await client.subscribe(subjects.delta, cb=on_delta)
        await client.flush()

    def begin(self) -> None:
        """It listens from now on: for one round nobody knows yet who lives."""
        self._listens_since = self._clock()

    def hear_delta(self, message: bytes) -> None:
        span = self._read_delta(message)
        if span is not None:
            self.announce(*span)

    def announce(self, registry: str, revision: int) -> None:
        """A revision is on its way; only the first word of it counts."""
        span = (registry, revision)
        if span in self._published:
            return
        self._published[span] = self._clock()
        if len(self._published) > _REVISIONS:
            del self._published[next(iter(self._published))]

    def hear_receipt(self, replica_id: str, message: bytes) -> None:
        """The id is the subject's, whatever the receipt says."""
        if not _ID.fullmatch(replica_id):
            log.warning("a receipt of %.64r, which can be no replica", replica_id)
            return
        try:
            receipt = decode(message)
        except CodecError:
            log.warning("a receipt of %s that is none", replica_id)
            return
        if receipt.draining:
            self._replicas.pop(replica_id, None)
        else:
            self._note(replica_id, receipt)
        self._news.set()
        self._news = asyncio.Event()

    async def applied(self, position: Position, timeout: float) -> Outcome:
        """Returns when all live replicas have it, when there is none, or after `timeout`. Who
        has just begun to listen waits for one round of receipts before it says all or none."""
        deadline = self._clock() + timeout
        while True:
            outcome = self._outcome(position)
            now = self._clock()
            settled = now - self._listens_since >= ROUND
            if now >= deadline or (settled and outcome.applied == outcome.live):
                return outcome
            # Without news a replica may still leave: by falling silent.
            await wait_at_most(self._news, min(deadline - now, LIVE / 5))

    def replicas(self, wanted: Position) -> Sequence[Mapping[str, Any]]:
        """As GET /replicas shows them: the live ones, by id."""
        return [self._shown(id, each, wanted) for id, each in sorted(self._live().items())]

    @property
    def newest(self) -> int:
        """The revision that was published last, as far as was heard; 0 before the first."""
        return next(reversed(self._published))[1] if self._published else 0

    @property
    def live(self) -> int:
        """How many replicas live."""
        return len(self._live())

    @property
    def behind(self) -> int:
        """How many of them serve an older revision than the newest."""
        newest = self.newest
        return sum(each.receipt.revision < newest for each in self._live().values())

    def _note(self, replica_id: str, receipt: Receipt) -> None:
        now = self._clock()
        known = self._replicas.get(replica_id)
        if known is None:
            self._forget_silent(now)
            if len(self._replicas) >= MAX_REPLICAS:
                log.warning("over %d replicas: %s is not counted", MAX_REPLICAS, replica_id)
                return
            self._replicas[replica_id] = _Replica(receipt, now)
            return
        published = self._published.get((receipt.registry, receipt.revision))
        if published is not None and receipt.revision != known.receipt.revision:
            known.timings.append(now - published)
        known.receipt, known.heard = receipt, now

    def _forget_silent(self, now: float) -> None:
        for id in [id for id, each in self._replicas.items() if now - each.heard > LIVE]:
            del self._replicas[id]

    def _live(self) -> dict[str, _Replica]:
        now = self._clock()
        return {id: each for id, each in self._replicas.items() if now - each.heard <= LIVE}

    def _outcome(self, position: Position) -> Outcome:
        live = self._live()
        done = {id: each for id, each in live.items() if each.has(position)}
        faults = tuple(
            (id, fault) for id, each in sorted(done.items()) for fault in each.receipt.faults
        )
        return Outcome(len(done), len(live), tuple(sorted(live.keys() - done.keys())), faults)

    def _shown(self, id: str, replica: _Replica, wanted: Position) -> Mapping[str, Any]:
        receipt = replica.receipt
        return {
            "id": id,
            "address": receipt.address,
            "revision": receipt.revision,
            "applied_at": _iso(receipt.applied_at),
            "lag_ms": self._lag_ms(replica, wanted),
            "propagation_ms": {
                "p50": _percentile(replica.timings, 0.50),
                "p99": _percentile(replica.timings, 0.99),
            },
            "problems": [each._asdict() for each in receipt.faults],
            "started_at": _iso(receipt.started_at),
            "version": receipt.version,
            "source": receipt.source,
        }

    def _lag_ms(self, replica: _Replica, wanted: Position) -> float:
        """For how long something newer than what it has is on the bus; 0 when nothing is."""
        if replica.has(wanted):
            return 0.0
        held = replica.receipt
        for (registry, revision), heard in self._published.items():
            if registry == wanted.registry and (
                registry != held.registry or revision > held.revision
            ):
                return round((self._clock() - heard) * 1000, 1)
        return 0.0


def _percentile(timings: Sequence[float], share: float) -> float | None:
    """In milliseconds, by nearest rank; None without any."""
    if not timings:
        return None
    ranked = sorted(timings)
    return round(ranked[math.ceil(share * len(ranked)) - 1] * 1000, 2)


def _iso(seconds: float) -> str | None:
    """A time that nobody can mean is not shown."""
    if not 0 < seconds < 1 << 33:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat()
