"""Several MCP endpoints of one group in one loop: what one hands over runs on the other at once."""

import time
from collections.abc import Callable, Sequence

from mcpgateway.common.routing.model import Record
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.parked.bucket import OwnStore
from mcpgateway.data_plane.parked.handing import NOTE_LIMIT
from mcpgateway.data_plane.parked.owners import NoteListener
from mcpgateway.data_plane.parked.session_state import SessionStates
from mcpgateway.data_plane.parked.task_journal import TaskJournal
from mcpgateway.data_plane.pipeline.listening.updates import Updates
from mcpgateway.data_plane.pipeline.tasks.keeper import Terms
from support.buckets import AwayStore
from support.endpoint import Endpoint


class Neighbours:
    """Owners of one replica among those of a `Group`."""

    def __init__(self, replica: str, group: "Group") -> None:
        self.replica = replica
        self._group = group
        self._listeners: dict[str, list[NoteListener]] = {}

    def hand_over(self, exchange: Exchange, owner: str, gone: Callable[[], None]) -> None:
        endpoint = self._group.endpoints.get(owner)
        if endpoint is None:
            gone()
        else:
            self._group.handed.append((self.replica, owner))
            if exchange.path == "/rpc":
                endpoint.endpoints.rpc.handle(exchange)
            elif exchange.path.endswith("/message"):
                endpoint.channels.message(exchange, "")
            else:
                endpoint.endpoint.handle(exchange, "")

    def tell_all(self, kind: str, body: bytes) -> None:
        assert len(body) <= NOTE_LIMIT, "the note is too long"
        for other in self._group.owners:
            if other is not self:
                for listener in other._listeners.get(kind, ()):
                    listener(body)

    def on_note(self, kind: str, listener: NoteListener) -> None:
        self._listeners.setdefault(kind, []).append(listener)


class Group:
    """`names` of replicas; each has an endpoint over the same records. Removing one from
    `endpoints` is its death. `handed` lists (from, to)."""

    def __init__(
        self,
        records: Sequence[Record],
        names: Sequence[str] = ("a", "b"),
        updates: Updates | None = None,
        *,
        shared: bool = False,
        kept: tuple[TaskJournal, Terms] | None = None,
    ) -> None:
        """`shared`: what changes in sessions is stored, and told. `kept`: where all keep tasks."""
        self.handed: list[tuple[str, str]] = []
        self.owners = [Neighbours(name, self) for name in names]
        store = OwnStore() if shared else AwayStore()
        self.endpoints = {
            owners.replica: Endpoint(
                records,
                owners=owners,
                states=SessionStates(store, owners, time.monotonic),
                updates=updates,
                kept=kept,
            )
            for owners in self.owners
        }
