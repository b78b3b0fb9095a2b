"""From signed messages to tables: verified, decoded, judged, applied, in slices of loop time."""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mcpgateway.common.routing import signed
from mcpgateway.common.routing.build import building
from mcpgateway.common.routing.codec import Body, CodecError, decoding
from mcpgateway.common.routing.delta import Verdict, applying, judge
from mcpgateway.common.routing.model import Delta, Fault
from mcpgateway.common.routing.signed import Manifest, Role, Untrusted
from mcpgateway.common.runtime.slices import in_slices
from mcpgateway.common.subjects import Subjects
from mcpgateway.data_plane.table.disk import Saved, TableDisk
from mcpgateway.data_plane.table.holder import TableHolder

log = logging.getLogger(__name__)

FAULTS = 20  # logged of one change

Outcome = Verdict | Literal["refused"]
FetchBlob = Callable[[Manifest], Awaitable[Body]]


@dataclass
class Counters:
    """Since the start. `refused`: unsigned, foreign or senseless; `ignored`: already known."""

    applied: int = 0
    ignored: int = 0
    refused: int = 0
    snapshots: int = 0


class Loader:
    """Changes the holder's table, one change at a time whoever asks."""

    def __init__(
        self, holder: TableHolder, keys: Sequence[Ed25519PublicKey], subjects: Subjects
    ) -> None:
        """What one of `keys` signed is trusted."""
        self._holder = holder
        self._keys = tuple(keys)
        self._subjects = subjects
        self._one_at_a_time = asyncio.Lock()
        self.counters = Counters()

    def open(self, role: Role, message: bytes) -> bytes | Manifest | None:
        """What was signed; None, counted and logged, for what is not to be trusted."""
        try:
            return signed.verify(self._keys, self._subjects, role, message)
        except (Untrusted, CodecError) as error:
            self.counters.refused += 1
            log.warning("refused a routing %s: %s", role, error)
            return None

    async def delta(self, message: bytes, fetch: FetchBlob) -> tuple[Outcome, Saved | None]:
        """Applies a delta if it is one to apply; then also what to keep of it. Untrusted ones
        are "refused". Raises CodecError, and what `fetch` raises."""
        payload = self.open("delta", message)
        if payload is None:
            return "refused", None
        if isinstance(payload, Manifest):
            verdict = judge(self._holder.newest, payload)
            if verdict != "apply":
                return self._counted(verdict), None
            body = await fetch(payload)
            delta = _as_committed(payload, await in_slices(decoding(body)))
        else:
            body, delta = b"", await in_slices(decoding(payload))
        return await self._apply(delta, Saved("delta", message, body))

    async def snapshot(self, message: bytes, manifest: Manifest, body: Body) -> Saved:
        """Builds the table anew and swaps it in, unless a newer one is there. Raises CodecError."""
        delta = _as_committed(manifest, await in_slices(decoding(body)))
        if delta.base != 0 or delta.deletes:
            raise CodecError("a snapshot must have base 0 and delete nothing")
        async with self._one_at_a_time:
            await self._build(delta)
        return Saved("snapshot", message, body)

    async def from_disk(self, disk: TableDisk) -> bool:
        """Takes the saved table if there is none yet; whether that gave one. What follows a gap
        or damage is left."""
        try:
            frames = await asyncio.to_thread(disk.read)
        except OSError as error:
            log.warning("the routing table on disk can not be read: %s", error)
            return False
        if not frames or self._holder.loaded:
            return False
        manifest = self.open("snapshot", frames[0].message)
        if not isinstance(manifest, Manifest):
            return False
        try:
            await asyncio.to_thread(signed.check, manifest, frames[0].body)
            with self._holder.together():
                await self.snapshot(frames[0].message, manifest, frames[0].body)
                for frame in frames[1:]:
                    verdict, _ = await self.delta(frame.message, _kept(frame.body))
                    if verdict == "gap":
                        break
        except CodecError as error:
            log.warning("the routing table on disk is damaged: %s", error)
        return self._holder.loaded

    async def _build(self, delta: Delta) -> None:
        # A collection in the midst of a build would walk all that was built so far, again.
        gc.disable()
        try:
            table = await in_slices(building(delta.registry, delta.revision, delta.upserts))
        finally:
            gc.enable()
        current = self._holder.newest
        if current.registry != table.registry or current.revision < table.revision:
            self._holder.swap(table, None)
            self.counters.snapshots += 1
            _log(table.faults)
        gc.collect()
        gc.freeze()

    async def _apply(self, delta: Delta, saved: Saved) -> tuple[Outcome, Saved | None]:
        async with self._one_at_a_time:
            table = self._holder.newest
            verdict = judge(table, delta)
            if verdict != "apply":
                return self._counted(verdict), None
            applied = await in_slices(applying(table, delta))
            self._holder.swap(applied.table, applied.touched)
        self.counters.applied += 1
        _log(applied.faults)
        return verdict, saved

    def _counted(self, verdict: Verdict) -> Verdict:
        self.counters.ignored += verdict == "ignore"
        return verdict


def _log(faults: Sequence[Fault]) -> None:
    """At most FAULTS of them: a receipt says so too, and a table may hold very many."""
    for fault in faults[:FAULTS]:
        log.warning("left out %s %s: %s", *fault)
    if len(faults) > FAULTS:
        log.warning("left out %d more resources", len(faults) - FAULTS)


def _kept(body: Body) -> FetchBlob:
    async def fetch(manifest: Manifest) -> Body:
        await asyncio.to_thread(signed.check, manifest, body)
        return body

    return fetch


def _as_committed(manifest: Manifest, delta: Delta) -> Delta:
    said = (manifest.registry, manifest.base, manifest.revision)
    if said != (delta.registry, delta.base, delta.revision):
        raise CodecError(f"blob {manifest.blob} is of another revision than its manifest")
    return delta
