"""Stores over the real one: for use cases that share a transaction, and for those that are only
run as far as their first write."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import NoReturn

import msgspec

from mcpgateway.common.errors import Conflict
from mcpgateway.control_plane.registry.discovered.ports import Discovered, Discoverer, Target
from mcpgateway.control_plane.registry.history.ports import History
from mcpgateway.control_plane.registry.model import Credential, Health, Who
from mcpgateway.control_plane.registry.ports import Reader, Store, Trial, WriteTx
from mcpgateway.control_plane.registry.teams.team_ports import TeamRequests


class Reached(Exception):
    """A use case came to its write."""


class _Over:
    """What all of them leave to the real store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def read(self) -> Reader:
        return self._store.read

    @property
    def history(self) -> History:
        return self._store.history

    @property
    def team_requests(self) -> TeamRequests:
        return self._store.team_requests

    async def note_login(self, email: str, at: datetime) -> None:
        await self._store.note_login(email, at)

    async def reseal_kept(self, rows: Sequence[Credential]) -> None:
        await self._store.reseal_kept(rows)

    def trial(self) -> AbstractAsyncContextManager[Trial]:
        return self._store.trial()


class Rehearsal(_Over):
    """Implements ports.Store: raises Reached where something would be written."""

    def write(self, who: Who) -> NoReturn:
        raise Reached

    async def report_health(self, health: Health) -> None: ...


class Joined(_Over):
    """Implements ports.Store: every write is a part of one transaction. What was seen of upstreams
    is kept until `settle`, after its end."""

    def __init__(self, store: Store, tx: WriteTx) -> None:
        super().__init__(store)
        self._tx = tx
        self._health: list[Health] = []

    @asynccontextmanager
    async def write(self, who: Who) -> AsyncIterator[WriteTx]:
        yield self._tx

    async def report_health(self, health: Health) -> None:
        self._health.append(health)

    async def settle(self) -> None:
        for health in self._health:
            await self._store.report_health(health)


class Recorder:
    """Implements ports.Discoverer: asks another, once for each target, and remembers."""

    def __init__(self, discoverer: Discoverer) -> None:
        self._discoverer = discoverer
        self._found: dict[bytes, Discovered] = {}

    async def discover(self, target: Target) -> Discovered:
        place = _place(target)
        if place not in self._found:
            self._found[place] = await self._discoverer.discover(target)
        return self._found[place]

    @property
    def replay(self) -> "Replay":
        return Replay(self._found)


class Replay:
    """Implements ports.Discoverer without the network: it has no place inside a transaction."""

    def __init__(self, found: dict[bytes, Discovered]) -> None:
        self._found = found

    async def discover(self, target: Target) -> Discovered:
        """Raises Conflict for what was not looked at before: it has changed since."""
        try:
            return self._found[_place(target)]
        except KeyError:
            problem = f"the gateway at {target.url} was changed meanwhile: try again"
            raise Conflict(problem) from None


def _place(target: Target) -> bytes:
    """What is looked at: a new upstream gets another id each time that its making is tried."""
    return msgspec.json.encode(msgspec.structs.replace(target, id=""))
