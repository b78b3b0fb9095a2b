"""The replicas of a group to each other: exchanges handed over, notes to all.

Who has exchanges under way with another replica tells it every few seconds which, and how many
frames it has sent. So a lost frame, a lost replica, and an exchange that one side has forgotten
are noticed by either side, and an open response may be silent for as long as it likes.
"""

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import msgspec
from typing_extensions import override

from mcpgateway.common.runtime.carried import frames
from mcpgateway.common.runtime.carried.asked import Asked
from mcpgateway.common.runtime.carried.frames import REQUEST_LIMIT, Frame, Request
from mcpgateway.common.runtime.carried.handed import Handed, HandedExchange
from mcpgateway.common.runtime.carried.line import Line
from mcpgateway.common.runtime.http.exchange import Application, Exchange
from mcpgateway.common.runtime.http.guarded import GuardedApplication
from mcpgateway.common.seal import SealError
from mcpgateway.data_plane.parked.frames import SKEW, Note, Pulse, notes, pulses
from mcpgateway.data_plane.parked.owners import NoteListener, Owners
from mcpgateway.data_plane.parked.post import Mailbox, Post
from mcpgateway.data_plane.parked.seals import EVERYONE, Seals

log = logging.getLogger(__name__)

PULSE = "pulse"  # a topic, beside those of exchanges
NOTES = "notes"
NOTE_LIMIT = 256 * 1024  # bytes
_KIND = re.compile(r"[a-z-]{1,32}")
_TOPIC_BYTES = 8
_SEEN = 2 * SKEW  # seconds for which a request that was taken is remembered


@dataclass(frozen=True)
class HandingLimits:
    """`exchanges` under way at once in each direction: above, nothing is handed over or taken.
    Seconds: a pulse `pulse_every`, a replica that was silent for `silence` is gone."""

    exchanges: int = 10_000
    pulse_every: float = 3.0
    silence: float = 10.0


class Source(NamedTuple):
    """Where time and randomness come from. `clock` is monotonic, `now` Unix seconds."""

    clock: Callable[[], float]
    now: Callable[[], float]
    entropy: Callable[[int], bytes]


@dataclass
class _Peer:
    """Another replica, while exchanges are under way with it, by topic. `heard`: when it was."""

    heard: float
    asked: dict[str, Asked] = field(default_factory=dict)
    handed: dict[str, Handed] = field(default_factory=dict)

    def line(self, topic: str) -> Line | None:
        return self.asked.get(topic) or self.handed.get(topic)

    def lines(self) -> dict[str, Line]:
        return {**self.asked, **self.handed}


class Handing(Owners, Mailbox):
    """Implements `Owners`, over a Post. `connect` it before use, `serve` what runs here."""

    def __init__(
        self, replica: str, seals: Seals, source: Source, limits: HandingLimits | None = None
    ) -> None:
        self.replica = replica
        self.asked = 0  # exchanges of ours that others answer
        self.handed = 0  # exchanges of others that are answered here
        self.broken = 0  # how many were broken off, from the start
        self.ignored = 0  # letters that were not meant for us, or damaged
        self._seals = seals
        self._source = source
        self._limits = limits or HandingLimits()
        self._post: Post | None = None
        self._app: Application | None = None
        self._peers: dict[str, _Peer] = {}
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._listeners: dict[str, list[NoteListener]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def connect(self, post: Post) -> None:
        self._post = post

    def serve(self, app: Application) -> None:
        """What runs here when another replica hands it over."""
        self._app = app

    @override
    def hand_over(self, exchange: Exchange, owner: str, gone: Callable[[], None]) -> None:
        request = frames.request_of(exchange, self._source.now())
        if not self._may_hand(exchange, owner) or len(request) > REQUEST_LIMIT:
            gone()
            return
        peer, topic = self._peer(owner), self._source.entropy(_TOPIC_BYTES).hex()
        asked = Asked(exchange, partial(self._send, owner, topic), gone)
        asked.on_over = partial(self._over, owner, topic)
        peer.asked[topic] = asked
        self.asked += 1
        asked.start(request)

    @override
    def tell_all(self, kind: str, body: bytes) -> None:
        if not _KIND.fullmatch(kind):
            raise ValueError(f"a note's kind must be 1-32 of a-z and -, got {kind!r}")
        if len(body) > NOTE_LIMIT:
            raise ValueError(f"a note may have {NOTE_LIMIT} bytes, this has {len(body)}")
        if self._post is not None:
            plain = frames.encode(Note(kind, body))
            self._post.tell_all(self._seals.close(EVERYONE, NOTES, plain))

    @override
    def on_note(self, kind: str, listener: NoteListener) -> None:
        self._listeners.setdefault(kind, []).append(listener)

    async def drain(self, timeout: float) -> bool:
        """Waits until nothing that was handed to this replica is under way any more."""
        try:
            async with asyncio.timeout(timeout):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Breaks everything off; the other sides are told."""
        for peer in list(self._peers.values()):
            for line in peer.lines().values():
                line.broken()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @override
    def received(self, topic: str, letter: bytes) -> None:
        try:
            sender, plain = self._seals.open(self.replica, topic, letter)
            if topic == PULSE:
                self._pulsed(sender, pulses.decode(plain))
            else:
                self._frame(sender, topic, frames.frames.decode(plain))
        except (SealError, msgspec.DecodeError) as error:
            self._ignore(error)

    @override
    def noted(self, letter: bytes) -> None:
        try:
            sender, plain = self._seals.open(EVERYONE, NOTES, letter)
            note = notes.decode(plain)
        except (SealError, msgspec.DecodeError) as error:
            self._ignore(error)
            return
        if sender == self.replica:
            return
        for listener in self._listeners.get(note.kind, ()):
            listener(note.body)

    @override
    def nobody(self, topic: str) -> None:
        for peer in self._peers.values():
            asked = peer.asked.get(topic)
            if asked is not None:
                asked.nobody()
                return

    def _may_hand(self, exchange: Exchange, owner: str) -> bool:
        if isinstance(exchange, HandedExchange) or owner == self.replica:
            return False
        up = self._post is not None and self._post.up
        return up and self.asked < self._limits.exchanges

    def _ignore(self, error: Exception) -> None:
        self.ignored += 1
        if self.ignored.bit_count() == 1:  # the first, second, fourth, eighth ...
            log.warning("%d letters to this replica were ignored: %s", self.ignored, error)

    def _frame(self, sender: str, topic: str, frame: Frame) -> None:
        known = self._peers.get(sender)
        line = None if known is None else known.line(topic)
        if known is not None:
            known.heard = self._source.clock()
        if line is None and frame.purpose == "request" and frame.seq == 0:
            line = self._handed(sender, topic)
        if line is not None:
            line.take(frame)

    def _handed(self, sender: str, topic: str) -> Handed | None:
        send = partial(self._send, sender, topic)
        if self._app is None or self.handed >= self._limits.exchanges:
            send(Frame("refused", 0))
            return None
        peer = self._peer(sender)
        accept = partial(self._is_fresh, f"{sender}.{topic}")
        handed = Handed(send, GuardedApplication(self._app).handle, accept)
        handed.on_over = partial(self._over, sender, topic)
        peer.handed[topic] = handed
        self.handed += 1
        self._idle.clear()
        return handed

    def _is_fresh(self, name: str, request: Request) -> bool:
        """Whether a request was handed over just now, and for the first time: who can deliver
        letters could deliver an old one again."""
        now = self._source.now()
        while self._seen and next(iter(self._seen.values())) < now - _SEEN:
            self._seen.popitem(last=False)
        if abs(now - request.at) > SKEW or name in self._seen:
            return False
        self._seen[name] = now
        return True

    def _peer(self, replica: str) -> _Peer:
        if replica not in self._peers:
            self._peers[replica] = _Peer(self._source.clock())
            self._schedule()
        return self._peers[replica]

    def _over(self, replica: str, topic: str) -> None:
        peer = self._peers[replica]
        if peer.asked.pop(topic, None) is not None:
            self.asked -= 1
        elif peer.handed.pop(topic, None) is not None:
            self.handed -= 1
            if not self.handed:
                self._idle.set()
        if not peer.asked and not peer.handed:
            del self._peers[replica]

    def _send(self, to: str, topic: str, frame: Frame) -> None:
        if self._post is not None:
            letter = self._seals.close(to, topic, frames.encode(frame))
            first = frame.purpose == "request" and frame.seq == 0
            self._post.send(to, topic, letter, answerable=first)

    def _schedule(self) -> None:
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._limits.pulse_every, self._pulse)

    def _pulse(self) -> None:
        self._timer = None
        now = self._source.clock()
        for replica, peer in list(self._peers.items()):
            if now - peer.heard > self._limits.silence:
                self._break(f"replica {replica} is silent", list(peer.lines().values()))
            else:
                self._tell(replica, {topic: line.sent for topic, line in peer.lines().items()})
        if self._peers:
            self._schedule()

    def _tell(self, replica: str, pulse: Pulse) -> None:
        if self._post is not None:
            plain = frames.encode(pulse)
            self._post.send(replica, PULSE, self._seals.close(replica, PULSE, plain))

    def _pulsed(self, sender: str, pulse: Pulse) -> None:
        peer = self._peers.get(sender)
        if peer is None:
            if pulse:
                self._tell(sender, {})  # it takes for open what is over here
            return
        peer.heard = self._source.clock()
        lost = [
            line
            for topic, line in peer.lines().items()
            if line.received and pulse.get(topic) != line.received
        ]
        self._break(f"letters of replica {sender} were lost", lost)

    def _break(self, reason: str, lines: list[Line]) -> None:
        if lines:
            self.broken += len(lines)
            log.warning("%d exchanges are broken off: %s", len(lines), reason)
        for line in lines:
            line.broken()
