"""Brings the database to this release's schema: each numbered file once, under one lock."""

import logging
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import NamedTuple, TypeAlias

import asyncpg

from mcpgateway.common.errors import Unavailable
from mcpgateway.control_plane.store.rows import Connection

log = logging.getLogger(__name__)

Session: TypeAlias = "Connection | asyncpg.Connection[asyncpg.Record]"

OLDEST = 14  # PostgreSQL major version
_FILE = re.compile(r"(\d{4})_\w+\.sql")

_LOCK = """
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';
SELECT pg_advisory_xact_lock(hashtext('mcpgateway.migrate'));
CREATE TABLE IF NOT EXISTS schema_migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
_APPLIED = "SELECT number FROM schema_migrations"
_RECORD = "INSERT INTO schema_migrations (number, name) VALUES ($1, $2)"


class Migration(NamedTuple):
    number: int
    name: str
    sql: str


def migrations() -> list[Migration]:
    """The files of this release, in order."""
    found = []
    for file in files("mcpgateway.control_plane.store.migrations").iterdir():
        match = _FILE.fullmatch(file.name)
        if match:
            found.append(Migration(int(match[1]), file.name, file.read_text("utf-8")))
    return sorted(found)


async def migrate(connection: Session, steps: Sequence[Migration]) -> list[str]:
    """Applies what is missing and answers the names of it. All or nothing. Raises Unavailable
    when the server is too old."""
    major = connection.get_server_version().major
    if major < OLDEST:
        raise Unavailable(f"PostgreSQL {major} is too old: {OLDEST} or newer is needed")
    done = []
    async with connection.transaction():
        await connection.execute(_LOCK)
        applied = {row["number"] for row in await connection.fetch(_APPLIED)}
        for step in steps:
            if step.number not in applied:
                await connection.execute(step.sql)
                await connection.execute(_RECORD, step.number, step.name)
                done.append(step.name)
    if done:
        log.info("database schema: applied %s", ", ".join(done))
    return done
