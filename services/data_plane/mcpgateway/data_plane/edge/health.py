"""`/health` (the process lives) and `/ready` (it holds a table and is not draining).

Readiness asks nobody: it stays true while NATS and the control plane are away, because the table
that is held still serves. Only a table over the operator's age limit ends it.
"""

from collections.abc import Callable

import msgspec

from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.answer import JSON
from mcpgateway.data_plane.table.follow import Follower
from mcpgateway.data_plane.table.holder import TableHolder

NO_STORE = (b"cache-control", b"no-store")


class TableStatus(msgspec.Struct, frozen=True):
    """`held` is false until a first table was applied. `age` is seconds since the table was last
    known to be the newest, None when it never was; `source` is where it came from: disk or nats,
    "" for nowhere. `registry` is whose revision it is."""

    held: bool
    revision: int = 0
    age: float | None = None
    source: str = ""
    nats: bool = False
    registry: str = ""

    @staticmethod
    def of(tables: TableHolder, follower: Follower) -> "TableStatus":
        """As it is now."""
        status, held = follower.status, tables.current
        return TableStatus(
            tables.loaded, held.revision, status.age, status.source, status.connected, held.registry
        )


class Health:
    """Answers both paths. `max_age` is seconds, None for any age."""

    def __init__(self, status: Callable[[], TableStatus], max_age: float | None) -> None:
        self._status = status
        self._max_age = max_age
        self.draining = False

    def health(self, exchange: Exchange) -> None:
        exchange.respond(200, (JSON, NO_STORE), b'{"status":"healthy"}')

    def ready(self, exchange: Exchange) -> None:
        status = self._status()
        why = self.not_ready_because(status)
        body: dict[str, object] = {
            "ready": why is None,
            "table": {
                "registry": status.registry,
                "revision": status.revision,
                "age_s": None if status.age is None else round(status.age, 3),
                "source": status.source,
            },
            "nats": status.nats,
        }
        if why is not None:
            body["reason"] = why
        exchange.respond(503 if why else 200, (JSON, NO_STORE), msgspec.json.encode(body))

    def not_ready_because(self, status: TableStatus) -> str | None:
        if self.draining:
            return "draining"
        if not status.held:
            return "no routing table yet"
        if self._max_age is None or (status.age is not None and status.age <= self._max_age):
            return None
        age = "of unknown age" if status.age is None else f"{status.age:.0f} s old"
        return f"the routing table is {age} (MCPGATEWAY_MAX_TABLE_AGE)"
