"""Gives the registry a new identity: after a restore from a backup, revisions go backwards, and
replicas that hold newer ones would ignore them. With a new identity they load everything again."""

import asyncio

import asyncpg

from mcpgateway.cli.errors import CommandError

_RENEW = "UPDATE registry_revision SET registry = gen_random_uuid() RETURNING registry::text"


def renew(dsn: str) -> str:
    """The new identity. Raises CommandError that never shows the DSN: it may hold a password."""
    return asyncio.run(_renew(dsn))


async def _renew(dsn: str) -> str:
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise CommandError(f"the database can not be reached: {error}") from error
    try:
        return str(await connection.fetchval(_RENEW))
    except asyncpg.UndefinedTableError as error:
        raise CommandError("this database holds no registry yet") from error
    finally:
        await connection.close()
