"""Which control plane publishes: the one whose own database session holds an advisory lock.

The same session listens for changes of the registry. When it is lost, leading stops first; only
then a new session is tried, so that two never lead on purpose. (The fence of the delta stream
is what keeps a leader harmless that has not noticed its loss yet.)
"""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg

from mcpgateway.common.errors import OwnError
from mcpgateway.common.runtime.tasks import end, wait_at_most
from mcpgateway.common.seal import context
from mcpgateway.common.subjects import Subjects

log = logging.getLogger(__name__)

CHANNEL = "registry"
CHECK_EVERY = 2.0  # seconds
_TIMEOUT = 5.0  # seconds for connecting, and for one answer
_RETRY = 1.0

_LOCK = "SELECT pg_try_advisory_lock($1)"
_SESSION = "SELECT pg_backend_pid()"
_HELD = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
  AND (classid::bigint << 32 | objid::bigint) = $1
"""

Lead = Callable[[], Awaitable[None]]


class Pooled(OwnError):
    """The database is reached through a pooler, behind which locks and notifications get lost."""


def lock_key(subjects: Subjects) -> int:
    """A positive bigint of its own for each cluster and group."""
    digest = hashlib.sha256(context("publisher", subjects.cluster, subjects.group)).digest()
    return int.from_bytes(digest[:8], "big") >> 1


class Leadership:
    """`changed` is called whenever the registry says that it changed, and at each new session."""

    def __init__(
        self,
        dsn: str,
        subjects: Subjects,
        changed: Callable[[], None],
        check_every: float = CHECK_EVERY,
    ) -> None:
        self._dsn = dsn
        self._key = lock_key(subjects)
        self._changed = changed
        self._check_every = check_every
        self.leading = False

    async def run(self, lead: Lead) -> None:
        """Until cancelled: waits for the lock, runs `lead` while it is held, cancels it at once
        when it may be lost. Raises Pooled; an error of `lead` passes through."""
        while True:
            try:
                connection = await asyncpg.connect(
                    self._dsn,
                    timeout=_TIMEOUT,
                    command_timeout=_TIMEOUT,
                    server_settings={
                        "application_name": "mcpgateway publisher",
                        # The server drops a vanished client, and with it the lock.
                        "tcp_user_timeout": "5000",
                        "tcp_keepalives_idle": "5",
                    },
                )
            except (OSError, TimeoutError, asyncpg.PostgresError) as error:
                log.warning("no database session for the publisher: %s", str(error) or "timeout")
                await asyncio.sleep(_RETRY)
                continue
            try:
                await self._with(connection, lead)
            finally:
                connection.terminate()

    async def _with(self, connection: "asyncpg.Connection[Any]", lead: Lead) -> None:
        """Returns when the session is lost."""
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await self._refuse_pooler(connection)
            await connection.add_listener(CHANNEL, self._notified)
            self._changed()
            while not await connection.fetchval(_LOCK, self._key):
                await wait_at_most(lost, self._check_every)
            if await connection.fetchval(_HELD, self._key) != 1:
                raise Pooled(_ADVICE)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("lost the publisher's database session: %s", str(error) or "timeout")
            return
        await self._lead(connection, lead, lost)

    async def _lead(
        self, connection: "asyncpg.Connection[Any]", lead: Lead, lost: asyncio.Event
    ) -> None:
        log.info("leading: this control plane publishes the routing table")
        self.leading = True
        leading = asyncio.ensure_future(lead())
        watching = asyncio.ensure_future(self._watch(connection, lost))
        try:
            await asyncio.wait((leading, watching), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.leading = False
            failed = leading.done() and not leading.cancelled()
            await end(leading, watching)
        log.warning("not leading any more")
        if failed:
            await leading

    async def _watch(self, connection: "asyncpg.Connection[Any]", lost: asyncio.Event) -> None:
        """Returns when the session does not answer."""
        while not lost.is_set():
            await wait_at_most(lost, self._check_every)
            try:
                await connection.fetchval("SELECT 1")
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                return

    async def _refuse_pooler(self, connection: "asyncpg.Connection[Any]") -> None:
        """A pooler gives its clients process ids of its own."""
        if await connection.fetchval(_SESSION) != connection.get_server_pid():
            raise Pooled(_ADVICE)

    def _notified(self, *_: object) -> None:
        self._changed()


_ADVICE = (
    "the database is reached through a connection pooler, where advisory locks and LISTEN do not "
    "hold: set DATABASE_DIRECT_URL to PostgreSQL itself"
)
