"""The pool and the store over it: how the registry is reached."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import datetime

import asyncpg

from mcpgateway.control_plane.registry.model import Credential, Health, Who
from mcpgateway.control_plane.store import upstreams
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.history import RESEAL, PostgresHistory
from mcpgateway.control_plane.store.people import identities
from mcpgateway.control_plane.store.people.teams import PostgresTeamRequests
from mcpgateway.control_plane.store.reader import PostgresReader
from mcpgateway.control_plane.store.transaction import Transaction, begin
from mcpgateway.control_plane.store.trial import PostgresTrial

POOL_SIZE = 10  # connections; a request over it waits for one, at most _ACQUIRE seconds
_ACQUIRE = 10.0
_STATEMENT = 30.0  # seconds; snapshots of large registries are the longest


class _Nothing(Exception):
    """Rolls back a write that changed nothing, so that it takes no revision."""


def make_pool(
    url: str, size: int = POOL_SIZE, *, through_pooler: bool = False
) -> "asyncpg.Pool[asyncpg.Record]":
    """Not connected yet: use it as an async context manager. `url` as of `database_url`. Behind
    a transaction pooler no prepared statement outlives its transaction, so none is kept."""
    return asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        command_timeout=_STATEMENT,
        timeout=_ACQUIRE,
        statement_cache_size=0 if through_pooler else 100,
        reset=_nothing_to_reset,
        server_settings={"application_name": "mcpgateway control-plane"},
    )


async def _nothing_to_reset(connection: object) -> None:
    """Statements of this package leave nothing in a session; the usual RESET ALL at each release
    would be one round trip in ten."""


class PostgresStore:
    """Implements ports.Store."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]", clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._clock = clock
        self.read = PostgresReader(pool)
        self.history = PostgresHistory(pool)
        self.team_requests = PostgresTeamRequests(pool)

    @asynccontextmanager
    async def write(self, who: Who) -> AsyncIterator[Transaction]:
        with translated(), suppress(_Nothing):
            async with (
                self._pool.acquire(timeout=_ACQUIRE) as connection,
                connection.transaction(),
            ):
                transaction = await begin(connection, self._clock())
                yield transaction
                if not transaction.changes:
                    raise _Nothing
                await transaction.finish(who)

    async def report_health(self, health: Health) -> None:
        with translated():
            await self._pool.execute(
                upstreams.REPORT_HEALTH,
                health.upstream_id,
                health.reachable,
                health.last_seen,
                health.last_refresh,
                health.last_error,
                list(health.problems),
            )

    async def note_login(self, email: str, at: datetime) -> None:
        with translated():
            await self._pool.execute(identities.NOTE_LOGIN, email, at)

    async def reseal_kept(self, rows: Sequence[Credential]) -> None:
        with translated():
            await self._pool.executemany(
                RESEAL, [(row.id, row.revision, row.sealed) for row in rows]
            )

    @asynccontextmanager
    async def trial(self) -> AsyncIterator[PostgresTrial]:
        async with AsyncExitStack() as stack:
            yield PostgresTrial(self._pool, self._clock, stack, _ACQUIRE)
