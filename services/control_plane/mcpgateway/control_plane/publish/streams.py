"""The two JetStream streams of a group: made, read at their end, appended to with a fence, purged.

`ROUTING_*` holds deltas; `ROUTING_BLOB_*` holds the chunks of large bodies and the last two
snapshot manifests. Reads here go to the stream's leader, so they do not lag.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from nats.aio.client import Client
from nats.js import api
from nats.js.errors import APIError, NotFoundError

from mcpgateway.common.routing.signed import Manifest, Role, split
from mcpgateway.common.subjects import Subjects

TIMEOUT = 5.0  # seconds that one answer may take
_DELTAS_KEPT = 100_000
_SNAPSHOTS_KEPT = 2
_DUPLICATES = 120.0  # seconds within which a repeated Nats-Msg-Id is stored once
_WINDOW = 4  # chunks of a blob in flight
_WRONG_LAST_SEQUENCE = (10071, 10164)  # JetStream error codes

_COVERS = "Gateway-Covers-Sequence"  # of a snapshot: the last delta's sequence when it was taken


class Moved(Exception):
    """Somebody else published since we looked: the fence refused ours."""


class Tail(NamedTuple):
    """The end of the delta stream. `message` None: none is stored (any more)."""

    sequence: int
    message: bytes | None


class StoredSnapshot(NamedTuple):
    sequence: int
    message: bytes
    covers: int


class RoutingStreams:
    """Raises nats.errors.Error (TimeoutError among them) when NATS does not answer."""

    def __init__(self, client: Client, subjects: Subjects) -> None:
        self._subjects = subjects
        self._client = client
        self._jetstream = client.jetstream(timeout=TIMEOUT)
        self._ensured = False

    @property
    def connection(self) -> int:
        """Another number after each reconnect."""
        return int(self._client.stats["reconnects"])

    async def ensure(self) -> None:
        """Creates the streams, or (the first time) brings their limits to what they should be."""
        s = self._subjects
        deltas = api.StreamConfig(
            name=s.delta_stream, subjects=[s.delta], max_msgs=_DELTAS_KEPT, **_COMMON
        )
        blobs = api.StreamConfig(
            name=s.blob_stream,
            subjects=[s.snapshot, s.blobs],
            max_msgs_per_subject=_SNAPSHOTS_KEPT,
            **_COMMON,
        )
        for config in (deltas, blobs):
            try:
                await self._jetstream.stream_info(config.name or "")
                if not self._ensured:
                    await self._jetstream.update_stream(config)
            except NotFoundError:
                await self._jetstream.add_stream(config)
        self._ensured = True

    async def tail(self) -> Tail:
        info = await self._jetstream.stream_info(self._subjects.delta_stream)
        sequence = info.state.last_seq
        if info.state.messages == 0:
            return Tail(sequence, None)
        found = await self._jetstream.get_msg(self._subjects.delta_stream, seq=sequence)
        return Tail(sequence, found.data)

    async def append(self, message: bytes, after: int, message_id: str | None) -> int:
        """Stores a delta as the next after sequence `after` and returns its own. Raises Moved."""
        headers = {api.Header.EXPECTED_LAST_SEQUENCE.value: str(after)}
        if message_id is not None:
            headers[api.Header.MSG_ID.value] = message_id
        return await self._publish(self._subjects.delta, message, headers)

    async def put_blob(self, manifest: Manifest, body: bytes) -> None:
        """All chunks, acknowledged. The manifest that commits them is the caller's to publish."""
        chunks = split(body)
        for first in range(0, len(chunks), _WINDOW):
            window = range(first, min(first + _WINDOW, len(chunks)))
            await asyncio.gather(
                *(
                    self._publish(self._subjects.blob(manifest.blob, n), chunks[n], {})
                    for n in window
                )
            )

    async def snapshot(self) -> StoredSnapshot | None:
        try:
            found = await self._jetstream.get_last_msg(
                self._subjects.blob_stream, self._subjects.snapshot
            )
        except NotFoundError:
            return None
        covers = (found.headers or {}).get(_COVERS, "0")
        return StoredSnapshot(found.seq or 0, found.data or b"", int(covers))

    async def put_snapshot(self, message: bytes, after: int, covers: int) -> None:
        """`after`: the sequence of the newest snapshot that we know, 0 for none. Raises Moved."""
        headers = {
            api.Header.EXPECTED_LAST_SUBJECT_SEQUENCE.value: str(after),
            _COVERS: str(covers),
        }
        await self._publish(self._subjects.snapshot, message, headers)

    async def purge_deltas(self, through: int) -> None:
        if through > 0:
            await self._jetstream.purge_stream(self._subjects.delta_stream, seq=through + 1)

    async def messages(self) -> list[tuple[Role, bytes]]:
        """Every stored delta and snapshot manifest, to see which blobs they name."""
        found: list[tuple[Role, bytes]] = []
        places: tuple[tuple[Role, str, str], ...] = (
            ("delta", self._subjects.delta_stream, self._subjects.delta),
            ("snapshot", self._subjects.blob_stream, self._subjects.snapshot),
        )
        for role, stream, subject in places:
            sequence = 0
            while True:
                try:
                    message = await self._jetstream.get_msg(
                        stream, seq=sequence + 1, subject=subject, next=True
                    )
                except NotFoundError:
                    break
                sequence = message.seq or sequence + 1
                found.append((role, message.data or b""))
        return found

    async def blobs(self) -> set[str]:
        """The ids of all stored blobs."""
        info = await self._jetstream.stream_info(
            self._subjects.blob_stream, subjects_filter=self._subjects.blobs
        )
        return {subject.split(".")[-2] for subject in info.state.subjects or {}}

    async def purge_blobs(self, ids: Iterable[str]) -> None:
        prefix = self._subjects.blobs.removesuffix(">")
        for id in ids:
            await self._jetstream.purge_stream(
                self._subjects.blob_stream, subject=f"{prefix}{id}.*"
            )

    async def _publish(self, subject: str, payload: bytes, headers: dict[str, str]) -> int:
        try:
            ack = await self._jetstream.publish(subject, payload, headers=headers or None)
        except APIError as error:
            if error.err_code in _WRONG_LAST_SEQUENCE:
                raise Moved(error.description or "wrong last sequence") from error
            raise
        return ack.seq


_COMMON: dict[str, Any] = {
    "storage": api.StorageType.FILE,
    "allow_direct": True,
    "max_msg_size": 1 << 20,
    "duplicate_window": _DUPLICATES,
}
