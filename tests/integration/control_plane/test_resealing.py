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
from mcpgateway.control_plane.registry.resealing import reseal
from support.control_plane import ENCRYPTION_SECRET as OLD
from support.control_plane import JWT_SECRET, Plane, upstream_with

NEW = "a-new-secret-that-is-long-enough-too"
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
