"""Stored secrets come under the newest key at the start of a control plane; none is lost."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from mcpgateway.common import keys
from mcpgateway.common.routing.model import Credential, SigningKey
from mcpgateway.common.routing.sealing import store_context
from mcpgateway.common.seal import SealError
from mcpgateway.control_plane.identity.bootstrap import SYSTEM
from mcpgateway.control_plane.registry.ports import Ports
from mcpgateway.control_plane.registry.resealing import ROWS, reseal, reseal_rows
from mcpgateway.control_plane.registry.upstream_auth import tokens
from mcpgateway.control_plane.store.sealed_rows import SEALED_COLUMNS, PostgresSealedRows
from support.control_plane import ADMIN, JWT_SECRET, Plane, upstream_with
from support.control_plane import ENCRYPTION_SECRET as OLD

NEW = "a-new-secret-that-is-long-enough-too"
ISSUER = "https://as.example"
AUTH = {"auth_type": "bearer", "auth_token": "only the gateway knows"}


def under(plane: Plane, *known: str) -> Ports:
    return replace(plane.ports, sealer=keys.store_sealer(known))


async def opened(plane: Plane, *known: str) -> list[bytes]:
    """All sealed secrets that data planes are to get, opened by the keys of these secrets."""
    sealer = keys.store_sealer(known)
    found = []
    for record in (await plane.routing.delta(0)).upserts:
        if isinstance(record, Credential):
            found.append(sealer.open(record.sealed, store_context(record.kind, record.id)))
        elif isinstance(record, SigningKey) and record.sealed:
            found.append(sealer.open(record.material, store_context(record.kind, record.id)))
    return sorted(found)


async def register(plane: Plane, name: str, **more: Any) -> None:
    await plane.register(name, upstream_with(["x"]), **AUTH, **more)


async def test_all_secrets_come_under_the_newest_key_in_one_revision(plane: Plane) -> None:
    await register(plane, "one")
    await register(plane, "two")
    before, revision = await opened(plane, OLD), await plane.revision()
    assert JWT_SECRET.encode() in before
    assert await reseal(under(plane, NEW, OLD), SYSTEM) == 3
    assert await opened(plane, NEW) == before
    assert await plane.revision() == revision + 1
    with pytest.raises(SealError):
        await opened(plane, OLD)


async def test_what_is_under_the_newest_key_is_left_as_it_is(plane: Plane) -> None:
    await register(plane, "one")
    revision = await plane.revision()
    assert await reseal(under(plane, OLD), SYSTEM) == 0
    assert await reseal(under(plane, OLD, NEW), SYSTEM) == 0
    assert await plane.revision() == revision


async def test_a_secret_that_does_not_open_stays_and_keeps_no_other_back(plane: Plane) -> None:
    await register(plane, "one")
    lost = await plane.ports.store.read.signing_keys()
    async with plane.ports.store.write(SYSTEM) as tx:
        await tx.signing_keys.save(
            [msgspec.structs.replace(key, material=bytes(40)) for key in lost if key.sealed]
        )
    assert await reseal(under(plane, NEW, OLD), SYSTEM) == 1
    revision = await plane.revision()
    assert await reseal(under(plane, NEW, OLD), SYSTEM) == 0
    assert await plane.revision() == revision


async def rows_of(plane: Plane, *known: str) -> dict[tuple[str, str], bytes | None]:
    """What rows without a revision hold, opened by the keys of these secrets; None for what they do
    not open."""
    sealer, store = keys.store_sealer(known), PostgresSealedRows(plane.pool)
    found: dict[tuple[str, str], bytes | None] = {}
    for kind in ROWS:
        for row in await store.sealed(kind, "", 1000):
            try:
                found[kind, row.id] = sealer.open(row.sealed, store_context(kind, row.id))
            except SealError:
                found[kind, row.id] = None
    return found


async def hold_rows(plane: Plane) -> str:
    """One of each kind that there is; the id of the upstream."""
    config = {
        "grant_type": "authorization_code",
        "issuer": ISSUER,
        "scopes": ["mcp"],
    }
    plane.auth_servers.put(
        f"{ISSUER}/.well-known/oauth-authorization-server",
        {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "registration_endpoint": f"{ISSUER}/register",
            "code_challenge_methods_supported": ["S256"],
        },
    )
    registered = {"client_id": "c", "client_secret": "of the client"}
    plane.auth_servers.put(f"{ISSUER}/register", registered, 201)
    made = await plane.register(
        "consented", upstream_with(["x"]), auth_type="oauth", oauth_config=config
    )
    begun = await plane.http.get(f"/oauth/authorize/{made['id']}")
    assert begun.status_code == 302, begun.text
    locker = await plane.register("locker", upstream_with(["x"]), auth_type="vault")
    stored = await plane.http.put(f"/vault/{locker['id']}", json={"token": "of-the-user"})
    assert stored.status_code == 204, stored.text
    await plane.pool.execute(
        "INSERT INTO sso_providers VALUES ('idp', $1::text::jsonb, $2, now(), now())",
        '{"id": "idp"}',
        plane.ports.sealer.seal(
            b"of the provider", store_context("sso_provider", "idp"), bytes(12)
        ),
    )
    return str(locker["id"])


async def test_rows_without_a_revision_come_under_the_newest_key(plane: Plane) -> None:
    upstream = await hold_rows(plane)
    before = await rows_of(plane, OLD)
    assert {kind for kind, _ in before} == set(ROWS)
    assert b"of the client" in before.values()
    assert None not in before.values()
    revision = await plane.revision()
    store = PostgresSealedRows(plane.pool)
    assert await reseal_rows(under(plane, NEW, OLD), store) == len(before)
    assert await rows_of(plane, NEW) == before
    assert set((await rows_of(plane, OLD)).values()) == {None}
    assert await reseal_rows(under(plane, NEW, OLD), store) == 0
    assert await plane.revision() == revision
    assert plane.ports.upstream_tokens is not None
    row = await plane.ports.upstream_tokens.store.token(upstream, ADMIN)
    assert row is not None
    shown = tokens.shown(under(plane, NEW), row)
    assert shown is not None
    assert shown.lines == (("Authorization", "Bearer of-the-user"),)


async def test_a_row_that_changes_meanwhile_is_not_put_back(plane: Plane) -> None:
    upstream = await hold_rows(plane)
    store = PostgresSealedRows(plane.pool)
    (row,) = await store.sealed("upstream token", "", 10)
    again = await plane.http.put(f"/vault/{upstream}", json={"token": "another"})
    assert again.status_code == 204
    await store.seal_anew("upstream token", [row], [b"older"])
    (now,) = await store.sealed("upstream token", "", 10)
    assert now.sealed not in (row.sealed, b"older")


async def test_a_row_that_does_not_open_keeps_no_other_back(plane: Plane) -> None:
    await hold_rows(plane)
    await plane.pool.execute("UPDATE upstream_clients SET sealed = $1", bytes(40))
    store = PostgresSealedRows(plane.pool)
    assert await reseal_rows(under(plane, NEW, OLD), store) == len(ROWS) - 1
    assert [kind for (kind, _), plain in (await rows_of(plane, NEW)).items() if plain is None] == [
        "upstream client"
    ]


async def test_every_sealed_column_of_the_schema_is_known_to_what_seals_anew(plane: Plane) -> None:
    columns = await plane.pool.fetch(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE data_type = 'bytea' AND table_schema = 'public'"
    )
    records = {"credentials.sealed", "signing_keys.material", "credential_history.sealed"}
    plain = {"documents.body"}
    assert {f"{table}.{column}" for table, column in columns} == records | SEALED_COLUMNS | plain
