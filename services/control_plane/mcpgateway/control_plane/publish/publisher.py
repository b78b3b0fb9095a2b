"""The leader's work: what changed in the registry goes to NATS as signed deltas and snapshots.

Where the bus is, the bus says: the base of the next delta is read from the last stored one and
kept in memory only while appending with the fence succeeds. Deltas carry absolute state, so one
that is published twice, or refused and heard all the same, does no harm.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from nats.errors import Error as NatsError

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.keys import Secrets, routing_public_keys, routing_signer
from mcpgateway.common.routing import codec, signed
from mcpgateway.common.routing.codec import CodecError
from mcpgateway.common.routing.delta import Span
from mcpgateway.common.routing.model import Delta
from mcpgateway.common.routing.signed import CHUNK, Manifest, Role, Untrusted
from mcpgateway.common.runtime.nats import raise_if_cancelled
from mcpgateway.common.runtime.tasks import wait_at_most
from mcpgateway.common.subjects import Subjects
from mcpgateway.control_plane.publish.reseal import Resealer
from mcpgateway.control_plane.publish.streams import Moved, RoutingStreams
from mcpgateway.control_plane.registry.ports import RoutingSource

log = logging.getLogger(__name__)

INLINE = CHUNK - 1024  # bytes of a body that goes in one message
POLL = 1.0  # seconds between looks at the registry when nobody says that it changed
CHECK_EVERY = 30.0  # seconds between looks at the streams themselves
_RETRY = 0.5
_SNAPSHOT_LEAST = 256 * 1024  # bytes of deltas before another snapshot is worth it
_SNAPSHOT_DELTAS = 1000  # deltas that a starting replica reads at most, about
_SMALL = 200  # records that are encoded on the event loop; more go to a thread


@dataclass
class Place:
    """Where the bus is: what the last stored delta leads to, and its sequence."""

    registry: str
    revision: int
    sequence: int


@dataclass(frozen=True)
class Signer:
    """What the leader signs with, for which group. `trusted` are the public keys of whatever signs
    or signed for the group, its own among them."""

    key: Ed25519PrivateKey
    subjects: Subjects
    trusted: tuple[Ed25519PublicKey, ...]

    @staticmethod
    def of(secrets: Secrets, subjects: Subjects) -> "Signer":
        place = (subjects.cluster, subjects.group)
        trusted = routing_public_keys(secrets, *place)
        return Signer(routing_signer(secrets[0], *place), subjects, trusted)

    def sign(self, role: Role, payload: bytes | Manifest) -> bytes:
        return signed.sign(self.key, self.subjects, role, payload)

    def span(self, role: Role, message: bytes | None) -> Span | None:
        """What a stored message of ours leads to; None when it is not ours, or makes no sense."""
        try:
            payload = signed.verify(self.trusted, self.subjects, role, message or b"")
            return payload if isinstance(payload, Manifest) else codec.decode(payload)
        except (Untrusted, CodecError):
            return None

    def leads_to(self, delta: bytes) -> tuple[str, int] | None:
        """The registry and revision of a message on the delta subject; None when not ours."""
        span = self.span("delta", delta)
        return None if span is None else (span.registry, span.revision)


class Publisher:
    """Publishes from one control plane at a time: run `lead` while leading."""

    def __init__(
        self,
        source: RoutingSource,
        streams: RoutingStreams,
        signer: Signer,
        resealer: Resealer,
        changed: asyncio.Event,
        announce: Callable[[str, int], None] = lambda _registry, _revision: None,
    ) -> None:
        """`changed` is set when the registry may have changed; `announce` hears of each revision
        just before it goes out."""
        self._announce = announce
        self._source = source
        self._streams = streams
        self._signer = signer
        self._resealer = resealer
        self._changed = changed
        self._place: Place | None = None
        self._snapshot_wanted = True
        self._committed: Manifest | None = None  # our last snapshot
        self._since = _Since()
        self._said = ""

    async def lead(self) -> None:
        """Until cancelled. Failures of NATS and of the database are logged and tried again."""
        self._place, self._snapshot_wanted = None, True
        clock = asyncio.get_running_loop().time
        checked, connection = clock(), self._streams.connection
        while True:
            raise_if_cancelled()
            self._changed.clear()
            if clock() - checked >= CHECK_EVERY or connection != self._streams.connection:
                # NATS may have come back without what it held, and others may have published.
                checked, connection = clock(), self._streams.connection
                self._place = None
            if await self._try():
                await wait_at_most(self._changed, POLL)
            else:
                await asyncio.sleep(_RETRY)

    async def publish(self) -> None:
        """Brings the bus to where the registry is. Raises what NATS and the source raise, and
        Moved; then the next call looks again where the bus is."""
        place, self._place = self._place, None
        if place is None:
            place = await self._find_place()
        delta = await self._source.delta(place.revision)
        if delta.registry != place.registry:
            place = await self._new_lineage(place)
        elif delta.revision < place.revision:
            self._say(_OLDER_COPY.format(delta.revision, place.revision))
        else:
            if delta.revision > place.revision:
                place = await self._append(place, delta)
            if self._snapshot_wanted or self._since.is_due:
                await self._snapshot(place)
            self._said = ""
        self._place = place

    async def _try(self) -> bool:
        try:
            await self.publish()
        except (NatsError, Unavailable, Moved, TimeoutError) as error:
            self._say(f"publishing failed and is tried again: {type(error).__name__}: {error}")
            return False
        return True

    def _say(self, text: str) -> None:
        """Once for each reason in a row."""
        if text != self._said:
            self._said = text
            log.warning(text)

    async def _find_place(self) -> Place:
        """Where the bus is, by its last delta, else by its snapshot. What is not signed by us is
        no place: then all is published anew."""
        await self._streams.ensure()
        tail = await self._streams.tail()
        stored = await self._streams.snapshot()
        snapshot = self._signer.span("snapshot", stored.message) if stored is not None else None
        if snapshot is None or snapshot != self._committed:
            self._snapshot_wanted = True
        span = snapshot
        if tail.message is not None:
            span = self._signer.span("delta", tail.message)
        if span is None or snapshot is None or snapshot.registry != span.registry:
            return Place("", 0, tail.sequence)
        return Place(span.registry, span.revision, tail.sequence)

    async def _new_lineage(self, place: Place) -> Place:
        """Another registry than the bus speaks of, or nothing yet: a snapshot, and then a delta
        without content, so that replicas hear of it."""
        snapshot = await self._snapshot(place)
        announced = Delta(snapshot.registry, snapshot.revision, snapshot.revision)
        message = self._signer.sign("delta", codec.encode(announced))
        sequence = await self._streams.append(message, place.sequence, None)
        log.info("published registry %s at revision %d", snapshot.registry, snapshot.revision)
        return Place(snapshot.registry, snapshot.revision, sequence)

    async def _append(self, place: Place, delta: Delta) -> Place:
        self._announce(delta.registry, delta.revision)
        body = await self._encoded(delta)
        payload: bytes | Manifest = body
        if len(body) > INLINE:
            payload = signed.manifest_of(delta.registry, delta.base, delta.revision, body)
            await self._streams.put_blob(payload, body)
        sequence = await self._streams.append(
            self._signer.sign("delta", payload),
            place.sequence,
            f"{delta.registry}:{delta.revision}",
        )
        self._since.add(len(body))
        return Place(delta.registry, delta.revision, sequence)

    async def _snapshot(self, place: Place) -> Manifest:
        """Chunks, then the manifest that commits them, then what nobody needs any more goes:
        deltas that the snapshot before covers, and blobs that nothing stored names."""
        delta = await self._source.delta(0)
        body = await self._encoded(delta)
        manifest = signed.manifest_of(delta.registry, 0, delta.revision, body)
        before = await self._streams.snapshot()
        await self._streams.put_blob(manifest, body)
        await self._streams.put_snapshot(
            self._signer.sign("snapshot", manifest),
            after=0 if before is None else before.sequence,
            covers=place.sequence,
        )
        self._snapshot_wanted, self._committed = False, manifest
        self._since = _Since(len(body))
        await self._streams.purge_deltas(0 if before is None else before.covers)
        await self._purge_blobs()
        return manifest

    async def _purge_blobs(self) -> None:
        named: set[str] = set()
        for role, message in await self._streams.messages():
            span = self._signer.span(role, message)
            if isinstance(span, Manifest):
                named.add(span.blob)
        await self._streams.purge_blobs(await self._streams.blobs() - named)

    async def _encoded(self, delta: Delta) -> bytes:
        if len(delta.upserts) <= _SMALL:
            return self._encode(delta)
        return await asyncio.to_thread(self._encode, delta)

    def _encode(self, delta: Delta) -> bytes:
        resealed = self._resealer.delta(delta)
        for fault in resealed.faults:
            log.error("left out %s %s: %s", *fault)
        return codec.encode(resealed.delta)


@dataclass
class _Since:
    """What was published since the last snapshot of so many bytes."""

    snapshot_size: int = 0
    deltas: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        self.deltas += 1
        self.bytes += size

    @property
    def is_due(self) -> bool:
        return self.deltas >= _SNAPSHOT_DELTAS or self.bytes > max(
            self.snapshot_size, _SNAPSHOT_LEAST
        )


_OLDER_COPY = (
    "the registry is at revision {}, but {} was published: it seems to be an older copy. "
    "Nothing is published until `mcpgateway doctor --new-lineage` was run"
)
