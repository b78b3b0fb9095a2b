"""The indexes of the servers that are searched, made in slices and kept true from then on.

An index has all tools of its server that are in the table, whoever may see them; what a caller may
see is asked of its view. It is made when the server is first listed or searched, and changed tool
by tool as tables change. Where there are embeddings, a space of vectors goes along with it; an
index is ready whether that is filled or not.
"""

import asyncio
import logging
import time
from collections.abc import Generator, Iterable, Iterator, Mapping

from mcpgateway.common.errors import Bug, Unavailable
from mcpgateway.common.routing.model import Key, Tool
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.slices import in_slices
from mcpgateway.common.runtime.tasks import end
from mcpgateway.common.search.index import Index
from mcpgateway.common.search.space import Space
from mcpgateway.data_plane.pipeline.searching.meanings import Meanings

log = logging.getLogger(__name__)

TOOLS = 400_000  # in all indexes together; over it the one that was asked least recently goes
AT_ONCE = 0.001  # seconds for which a caller's turn goes on; what takes longer becomes a task
FEW = 1_000  # tools that are gone whose places are not worth clearing
_STEP = 16  # tools between two yields


class Catalogue:
    """The index of one server, and what is still to be done to it."""

    def __init__(self, server: str, table: Table, meanings: Meanings | None = None) -> None:
        """Needs the running loop, as `told` does."""
        self.index = Index()
        self.space: Space | None = None if meanings is None else meanings.space()
        self._meanings = meanings
        self._server = server
        self._table = table
        self._changed: set[str] | None = None  # ids; None: any
        self._work: asyncio.Task[None] | None = None
        self._proceed(self._steps())

    @property
    def size(self) -> int:
        """Tools that it has, or is to have."""
        return len(self._members)

    @property
    def ready(self) -> bool:
        """Whether nothing is left to be done."""
        return self._work is None

    async def wait(self) -> None:
        """Until it is ready. Raises Unavailable where it was given up, Bug when it failed."""
        while self._work is not None:
            work = self._work
            await asyncio.wait([work])
            if work.cancelled():
                raise Unavailable("the tools of this server are not indexed now: search again")
            if work.exception() is not None:
                raise Bug("the tools of this server could not be indexed")

    def told(self, table: Table, changed: Iterable[str] | None) -> None:
        """What is in the index is to be as it is in this table. `changed`: the tools that may be
        others now; None: any. One that failed is made anew."""
        self._table = table
        if self._work is not None and self._work.done():
            self._work, self.index, changed = None, Index(), None
        if changed is None:
            self._changed = None
        elif self._changed is not None:
            self._changed.update(id for id in changed if id in self._members)
        if self._work is None and self._changed != set():
            self._proceed(self._steps())

    async def aclose(self) -> None:
        if self._work is not None:
            await end(self._work)
        if self._meanings is not None and self.space is not None:
            self._meanings.forget(self.space)
            self.space = None

    @property
    def _members(self) -> Mapping[str, None]:
        return self._table.indexes.searched.get(self._server) or {}

    def _proceed(self, steps: Generator[None, None, None]) -> None:
        until = time.perf_counter() + AT_ONCE
        for _ in steps:
            if time.perf_counter() > until:
                self._work = asyncio.get_running_loop().create_task(self._rest(steps))
                return

    async def _rest(self, steps: Generator[None, None, None]) -> None:
        try:
            await in_slices(steps)
        except Exception:
            log.exception("the tools of server %s could not be indexed", self._server)
            raise
        self._work = None

    def _steps(self) -> Generator[None, None, None]:
        while self._changed is None or self._changed:
            changed, self._changed = self._changed, set()
            ids = (yield from self._all()) if changed is None else changed
            yield from self._update(ids)
            if self.index.gone > max(FEW, len(self.index)):
                self.index = yield from self.index.renewed()

    def _all(self) -> Generator[None, None, Iterable[str]]:
        """The members, when what is none any more is out of the index."""
        members = self._members
        known = list(self.index.ids()) + ([] if self.space is None else list(self.space.ids()))
        for n, id in enumerate(known):
            if id not in members:
                self._remove(id)
            if n % _STEP == 0:
                yield
        return members

    def _update(self, ids: Iterable[str]) -> Iterator[None]:
        tools = self._table.tools
        for n, id in enumerate(ids, 1):
            tool = tools.get(id)
            if tool is None:
                self._remove(id)
            else:
                self._put(tool)
            if n % _STEP == 0:
                yield
        if self._meanings is not None:
            self._meanings.wake()

    def _put(self, tool: Tool) -> None:
        self.index.put(tool)
        if self.space is not None:
            self.space.put(tool)

    def _remove(self, id: str) -> None:
        self.index.remove(id)
        if self.space is not None:
            self.space.remove(id)


class Catalogues:
    """Those of one replica. At most `TOOLS` tools are in all of them together; over it the one
    that was asked least recently goes, and is made again when it is asked."""

    def __init__(self, tools: int = TOOLS, meanings: Meanings | None = None) -> None:
        """`meanings` None: tools are found by words alone. They are closed with it."""
        self._limit = tools
        self.meanings = meanings
        self._known: dict[str, Catalogue] = {}  # by server; the last one was asked last
        self._going: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._known)

    @property
    def tools(self) -> int:
        """In all of them."""
        return sum(each.size for each in self._known.values())

    def of(self, server: str, table: Table) -> Catalogue:
        """That of a server in search mode, which may not be ready. One that is not known yet is
        begun with this table."""
        found = self._known.pop(server, None) or Catalogue(server, table, self.meanings)
        self._known[server] = found
        while len(self._known) > 1 and self.tools > self._limit:
            self._end(next(iter(self._known)))
        return found

    def table_changed(self, table: Table, touched: frozenset[Key] | None) -> None:
        """A listener for the table holder."""
        if not self._known:
            return
        ids = None if touched is None else {key.id for key in touched if key.kind == "tool"}
        servers = {key.id for key in touched or () if key.kind == "server"}
        for server in list(self._known):
            if server in table.indexes.searched:
                self._known[server].told(table, None if server in servers else ids)
            else:
                self._end(server)

    async def aclose(self) -> None:
        for server in list(self._known):
            self._end(server)
        await asyncio.gather(*self._going)
        if self.meanings is not None:
            await self.meanings.aclose()

    def _end(self, server: str) -> None:
        task = asyncio.get_running_loop().create_task(self._known.pop(server).aclose())
        self._going.add(task)
        task.add_done_callback(self._going.discard)
