"""Makes the table what the routing streams hold: the snapshot, and all deltas after it."""

from collections.abc import Callable
from contextlib import aclosing

from mcpgateway.common.routing.signed import Manifest
from mcpgateway.data_plane.table.disk import Saved
from mcpgateway.data_plane.table.holder import TableHolder
from mcpgateway.data_plane.table.load import Loader, Outcome
from mcpgateway.data_plane.table.reader import Position, RoutingReader

Keep = Callable[[Saved], None]  # what was applied, for the disk


class Behind(Exception):
    """The bus does not have, or does not show yet, what would make this replica current."""


class CatchUp:
    """Of one connection. Raises Behind, CodecError, and NATS's own errors; then try again."""

    def __init__(
        self, holder: TableHolder, loader: Loader, reader: RoutingReader, keep: Keep
    ) -> None:
        self._holder = holder
        self._loader = loader
        self._reader = reader
        self._keep = keep
        self._stream = ""  # which delta stream `_seen` counts in
        self._seen = 0  # all stored deltas up to this sequence were taken

    async def take(self, message: bytes) -> Outcome:
        """One delta, live or stored."""
        verdict, saved = await self._loader.delta(message, self._reader.blob)
        if saved is not None:
            self._keep(saved)
        return verdict

    async def compare(self) -> None:
        """Returns when the table is what the streams hold."""
        message = await self._reader.snapshot()
        manifest = self._loader.open("snapshot", message) if message is not None else None
        if message is None or not isinstance(manifest, Manifest):
            raise Behind("there is no snapshot of the routing table")
        if await self._needs(manifest):
            body = await self._reader.blob(manifest)
            with self._holder.together():
                self._keep(await self._loader.snapshot(message, manifest, body))
                self._seen = 0
                if not await self._read_deltas():
                    after = self._holder.newest.revision
                    raise Behind(f"deltas after revision {after} are missing")

    async def stored(self) -> list[Saved]:
        """All that the streams hold, for the disk. Raises OSError when it is not there."""
        message = await self._reader.snapshot()
        manifest = self._loader.open("snapshot", message) if message is not None else None
        if message is None or not isinstance(manifest, Manifest):
            raise OSError("NATS has no snapshot to save")
        saved = [Saved("snapshot", message, await self._reader.blob(manifest))]
        first = 1
        while True:
            batch = [each async for each in self._reader.deltas(first)]
            if not batch:
                return saved
            first = batch[-1].sequence + 1
            for each in batch:
                saved += await self._to_save(each.message, manifest.revision)

    async def _to_save(self, message: bytes, after: int) -> list[Saved]:
        payload = self._loader.open("delta", message)
        if not isinstance(payload, Manifest):
            return [] if payload is None else [Saved("delta", message)]
        if payload.revision <= after:
            return []  # the snapshot has it, and its blob may be gone
        return [Saved("delta", message, await self._reader.blob(payload))]

    async def _needs(self, manifest: Manifest) -> bool:
        """Whether deltas alone do not lead to a table at least as new as the snapshot."""
        if self._holder.newest.registry != manifest.registry:
            return True
        gapless = await self._read_deltas()
        return not gapless or self._holder.newest.revision < manifest.revision

    async def _read_deltas(self) -> bool:
        """All stored deltas that were not taken yet; false at a gap."""
        position = await self._position()
        if await self._has(position):
            self._seen = position.last
        while self._seen < position.last:
            found = False
            async with aclosing(self._reader.deltas(self._seen + 1)) as batch:
                async for stored in batch:
                    found = True
                    if await self.take(stored.message) == "gap":
                        return False
                    self._seen = stored.sequence
            if not found:
                if (await self._position()).messages:
                    raise Behind("a NATS server lags behind the routing stream")
                self._seen = position.last
        return True

    async def _position(self) -> Position:
        position = await self._reader.position()
        if position is None:
            raise Behind("there is no routing stream")
        if position.created != self._stream or position.last < self._seen:
            self._stream, self._seen = position.created, 0
        return position

    async def _has(self, position: Position) -> bool:
        """Whether the last stored delta is applied: then all before it are, too."""
        if position.messages == 0:
            return True
        last = await self._reader.delta(position.last)
        return last is not None and await self.take(last) in ("ignore", "apply")
