"""The database at a start: waited for, then brought to this release's schema."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.tasks import wait_at_most
from mcpgateway.control_plane.store.errors import translated
from mcpgateway.control_plane.store.migrate import migrate, migrations

log = logging.getLogger(__name__)

_TIMEOUT = 5.0  # seconds for connecting
_RETRY = 1.0  # seconds between tries


async def prepare(database: str, stop: asyncio.Event) -> bool:
    """False when stopped before the database answered. Raises Unavailable when it refuses us for
    good. `database` is a URL that leads past any pooler."""
    waiting = False
    while not stop.is_set():
        try:
            async with _connected(database) as connection:
                await migrate(connection, migrations())
        except asyncpg.PostgresError as error:
            raise Unavailable(f"the database refuses us: {error}") from error
        except Unavailable as error:
            if not waiting:
                log.warning("waiting for the database: %s", error.message)
            waiting = True
            await wait_at_most(stop, _RETRY)
        else:
            return True
    return False


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    with translated():
        connection = await asyncpg.connect(url, timeout=_TIMEOUT)
        try:
            yield connection
        finally:
            await connection.close(timeout=_RETRY)
