"""Many use cases in one write transaction, each of which believes that it has one of its own.

What they save is gathered and goes out in few statements; an edit that changes nothing is dropped,
so that what is the same already gets no new version. Reads of single rows see what was gathered;
everything else writes it out first. Single-threaded: one use case at a time.
"""

from bisect import bisect_left, insort
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec
from typing_extensions import override

from mcpgateway.control_plane.registry.discovered.ports import Documents
from mcpgateway.control_plane.registry.history.ports import History
from mcpgateway.control_plane.registry.model import (
    Agent,
    Credential,
    Entity,
    Prompt,
    Resource,
    Root,
    Server,
    SigningKey,
    Tool,
    Upstream,
)
from mcpgateway.control_plane.registry.ports import Child, ChildRows, KeyedRows, Rows, WriteTx
from mcpgateway.control_plane.registry.rows import ToolRows
from mcpgateway.control_plane.registry.transfer.through import ThroughIdentity

E = TypeVar("E", bound=Entity)
N = TypeVar("N", bound=Tool | Prompt | Resource)
_STAMPS = ("version", "revision", "updated_at", "modified")
CHUNK = 2000  # rows of one statement


class Changed(NamedTuple):
    """`before` None: made here; `after` None: removed. `noun` is history's word."""

    noun: str
    id: str
    before: Entity | None
    after: Entity | None


def same(was: Entity, row: Entity) -> bool:
    """Whether an edit leaves a thing as it was, but for what says that it was edited. What has its
    old version is saved for data planes to hear of it again."""
    if row.version != was.version + 1:
        return False
    return msgspec.structs.replace(row, **{name: getattr(was, name) for name in _STAMPS}) == was


class BatchRows(Generic[E]):
    """Implements ports.KeyedRows over another."""

    def __init__(self, batch: "Batch", noun: str, rows: KeyedRows[E]) -> None:
        self._batch = batch
        self._noun = noun
        self._rows = rows
        self._known: dict[str, E] = {}
        self.pending: dict[str, E] = {}

    async def get(self, ids: Sequence[str]) -> list[E]:
        there = [self._known[id] for id in ids if id in self._known]
        missing = [id for id in ids if id not in self._known]
        return there + self.know(await self._rows.get(missing)) if missing else there

    async def keyed(self, keys: Sequence[str]) -> list[E]:
        await self._batch.flush()
        return self.know(await self._rows.keyed(keys))

    async def save(self, rows: Sequence[E]) -> None:
        for row in rows:
            was = self._known.get(row.id)
            if was is not None and same(was, row):
                continue
            self._note(was, row)
            self.pending[row.id] = self._known[row.id] = row

    async def remove(self, ids: Sequence[str]) -> None:
        for row in await self.get(ids):
            self._batch.note(self._noun, row.id, row, None)
        await self._batch.flush()
        await self._rows.remove(ids)
        self._batch.forget_servers()
        for id in ids:
            self._known.pop(id, None)

    def know(self, rows: Iterable[E]) -> list[E]:
        """As they are in the transaction, without what is gathered."""
        found = list(rows)
        self._known |= {row.id: row for row in found}
        return found

    def forget(self) -> None:
        """What others may have changed."""
        self._known = dict(self.pending)

    async def write(self) -> None:
        rows = list(self.pending.values())
        self.pending = {}
        for start in range(0, len(rows), CHUNK):
            await self._rows.save(rows[start : start + CHUNK])

    def _note(self, was: E | None, row: E) -> None:
        self._batch.note(self._noun, row.id, was, row)


class BatchChildRows(BatchRows[N]):
    """Implements ports.ChildRows over another."""

    def __init__(self, batch: "Batch", noun: Child, rows: ChildRows[N]) -> None:
        super().__init__(batch, noun, rows)
        self._children = rows
        self._names: list[str] | None = None  # sorted, all of them

    async def of(self, upstream_id: str) -> list[N]:
        await self._batch.flush()
        return self.know(await self._children.of(upstream_id))

    async def names_like(self, prefix: str) -> frozenset[str]:
        """Asked for once, then kept: a batch asks for many."""
        if self._names is None:
            await self._batch.flush()
            self._names = sorted(await self._children.names_like(""))
        found = []
        for at in range(bisect_left(self._names, prefix), len(self._names)):
            if not self._names[at].startswith(prefix):
                break
            found.append(self._names[at])
        return frozenset(found)

    @override
    async def remove(self, ids: Sequence[str]) -> None:
        await super().remove(ids)
        self._names = None

    @override
    def _note(self, was: N | None, row: N) -> None:
        super()._note(was, row)
        name = getattr(row, "name", "")
        if self._names is None or (was is not None and getattr(was, "name", "") == name):
            return
        if was is None:
            insort(self._names, name)
        else:
            self._names = None


class BatchToolRows(BatchChildRows[Tool]):
    """Implements ports.ToolRows over another."""

    def __init__(self, batch: "Batch", rows: ToolRows) -> None:
        super().__init__(batch, "tool", rows)
        self._tools = rows

    async def makers(self, ids: Sequence[str]) -> list[Tool]:
        await self._batch.flush()
        return self.know(await self._tools.makers(ids))

    @override
    async def write(self) -> None:
        """The store may write what is derived of them, too."""
        if self.pending:
            await super().write()
            self.forget()


class BatchCredentials:
    """Implements ports.Rows of credentials over another. A secret that is the same is not sealed
    anew; `same` opens both."""

    def __init__(
        self,
        batch: "Batch",
        rows: Rows[Credential],
        same: Callable[[Credential, Credential], bool],
    ) -> None:
        self._batch = batch
        self._rows = rows
        self._same = same
        self.pending: dict[str, Credential] = {}

    async def get(self, ids: Sequence[str]) -> list[Credential]:
        there = [self.pending[id] for id in ids if id in self.pending]
        missing = [id for id in ids if id not in self.pending]
        return there + await self._rows.get(missing) if missing else there

    async def save(self, rows: Sequence[Credential]) -> None:
        for row in rows:
            owner = row.upstream_id or row.tool_id or row.agent_id or ""
            was = [] if self._batch.is_new(owner) else await self.get([row.id])
            if was and was[0].sealed != row.sealed and self._same(was[0], row):
                continue
            self.pending[row.id] = row
            self._batch.note_secret(owner)

    async def remove(self, ids: Sequence[str]) -> None:
        for row in await self.get(ids):
            self._batch.note_secret(row.upstream_id or row.tool_id or row.agent_id or "")
        await self._batch.flush()
        await self._rows.remove(ids)

    async def write(self) -> None:
        rows = list(self.pending.values())
        self.pending = {}
        await self._rows.save(rows)


class Batch(ThroughIdentity):
    """Implements ports.WriteTx over another."""

    def __init__(self, tx: WriteTx, same: Callable[[Credential, Credential], bool]) -> None:
        super().__init__(tx)
        self._tx = tx
        self._upstreams = BatchRows[Upstream](self, "upstream", tx.upstreams)
        self._tools = BatchToolRows(self, tx.tools)
        self._prompts = BatchChildRows[Prompt](self, "prompt", tx.prompts)
        self._resources = BatchChildRows[Resource](self, "resource", tx.resources)
        self._agents = BatchRows[Agent](self, "agent", tx.agents)
        self._roots = BatchRows[Root](self, "root", tx.roots)
        self._servers = BatchRows[Server](self, "server", tx.servers)
        self._credentials = BatchCredentials(self, tx.credentials, same)
        self._changed: dict[tuple[str, str], Changed] = {}
        self._secrets: set[str] = set()
        self.steps = 0  # grows with whatever is changed

    @property
    def revision(self) -> int:
        return self._tx.revision

    @property
    def at(self) -> datetime:
        return self._tx.at

    @property
    def history(self) -> History:
        return self._tx.history

    @property
    def upstreams(self) -> BatchRows[Upstream]:
        return self._upstreams

    @property
    def tools(self) -> "BatchToolRows":
        return self._tools

    @property
    def prompts(self) -> BatchChildRows[Prompt]:
        return self._prompts

    @property
    def resources(self) -> BatchChildRows[Resource]:
        return self._resources

    @property
    def servers(self) -> BatchRows[Server]:
        return self._servers

    @property
    def agents(self) -> BatchRows[Agent]:
        return self._agents

    @property
    def roots(self) -> BatchRows[Root]:
        return self._roots

    @property
    def signing_keys(self) -> Rows[SigningKey]:
        return self._tx.signing_keys

    @property
    def documents(self) -> Documents:
        return self._tx.documents

    @property
    def credentials(self) -> BatchCredentials:
        return self._credentials

    @property
    def _gathering(self) -> Sequence[BatchRows[Any]]:
        """In the order in which rows may refer to each other."""
        return (
            self._upstreams,
            self._roots,
            self._agents,
            self._tools,
            self._prompts,
            self._resources,
            self._servers,
        )

    async def flush(self) -> None:
        """Writes what was gathered. Raises Conflict."""
        if not any(rows.pending for rows in self._gathering) and not self._credentials.pending:
            return
        for rows in self._gathering:
            await rows.write()
        await self._credentials.write()

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """A part that may fail alone. What was only gathered in it is forgotten; what was written
        goes with a savepoint."""
        await self.flush()
        changed, secrets = dict(self._changed), set(self._secrets)
        try:
            async with self._tx.attempt():
                yield
                await self.flush()
        except BaseException:
            self._changed, self._secrets = changed, secrets
            self._drop()
            raise

    async def touch_holders(self, noun: Child, ids: Sequence[str]) -> None:
        await self.flush()
        await self._tx.touch_holders(noun, ids)
        self.forget_servers()

    def note(self, noun: str, id: str, before: Entity | None, after: Entity | None) -> None:
        earlier = self._changed.get((noun, id))
        first = before if earlier is None else earlier.before
        self._changed[noun, id] = Changed(noun, id, first, after)
        self.steps += 1

    def note_secret(self, owner: str) -> None:
        self._secrets.add(owner)
        self.steps += 1

    def is_new(self, id: str) -> bool:
        return any(
            (found := self._changed.get((noun, id))) is not None and found.before is None
            for noun in ("upstream", "tool", "agent")
        )

    def forget_servers(self) -> None:
        """The store changes them when what they hold goes or is renamed."""
        self._servers.forget()

    @property
    def changed(self) -> dict[tuple[str, str], Changed]:
        """By noun and id, in the order of their first change."""
        return self._changed

    @property
    def secrets(self) -> set[str]:
        """Ids of those whose credentials were written or removed."""
        return self._secrets

    def _drop(self) -> None:
        for rows in self._gathering:
            rows.pending = {}
            rows.forget()
        self._credentials.pending = {}
