"""The schema: columns are the fields of the registry's structs; migrations run once, in order."""

import asyncpg
import msgspec
import pytest

from mcpgateway.control_plane.registry.model import (
    Agent,
    Credential,
    Health,
    Prompt,
    Resource,
    Root,
    Server,
    SigningKey,
    Tool,
    Upstream,
)
from mcpgateway.control_plane.registry.people.model import (
    AccessRule,
    ApiToken,
    Member,
    Revocation,
    Role,
    RoleGrant,
    Team,
    User,
)
from mcpgateway.control_plane.store.migrate import Migration, migrate, migrations
from support.control_plane import Plane

COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = $1"
# In tables of their own.
APART: dict[type[msgspec.Struct], set[str]] = {
    Server: {"tools", "prompts", "resources", "agents"},
    User: {"teams", "grants"},
}


@pytest.mark.parametrize(
    ("table", "struct"),
    [
        ("upstreams", Upstream),
        ("upstream_health", Health),
        ("tools", Tool),
        ("prompts", Prompt),
        ("resources", Resource),
        ("servers", Server),
        ("roots", Root),
        ("agents", Agent),
        ("users", User),
        ("teams", Team),
        ("team_members", Member),
        ("roles", Role),
        ("role_grants", RoleGrant),
        ("api_tokens", ApiToken),
        ("revocations", Revocation),
        ("access_rules", AccessRule),
        ("signing_keys", SigningKey),
        ("credentials", Credential),
    ],
)
async def test_columns_are_fields(plane: Plane, table: str, struct: type[msgspec.Struct]) -> None:
    columns = {row["column_name"] for row in await plane.pool.fetch(COLUMNS, table)}
    fields = set(struct.__struct_fields__) - (APART.get(struct, set()))
    assert columns == fields


async def test_migrations_run_once(plane: Plane) -> None:
    connection = await asyncpg.connect(plane.database)
    try:
        assert await migrate(connection, migrations()) == []
        later = [*migrations(), Migration(9999, "9999_later.sql", "CREATE TABLE later ()")]
        assert await migrate(connection, later) == ["9999_later.sql"]
        assert await migrate(connection, later) == []
    finally:
        await connection.close()


async def test_a_migration_that_fails_leaves_nothing_of_its_batch(plane: Plane) -> None:
    connection = await asyncpg.connect(plane.database)
    steps = [
        *migrations(),
        Migration(9998, "9998_good.sql", "CREATE TABLE good ()"),
        Migration(9999, "9999_bad.sql", "CREATE TABLE bad (nonsense)"),
    ]
    try:
        with pytest.raises(asyncpg.PostgresSyntaxError):
            await migrate(connection, steps)
        assert await connection.fetchval("SELECT to_regclass('good')") is None
        assert await migrate(connection, migrations()) == []
    finally:
        await connection.close()
