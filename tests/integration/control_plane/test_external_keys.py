"""Keys of identity providers in the registry, by which their access tokens are verified."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcpgateway.common.runtime.tasks import end
from mcpgateway.common.subjects import KEYS_HINT
from mcpgateway.control_plane.identity import bootstrap, signing_keys
from mcpgateway.control_plane.identity.sso.external_keys import ExternalKeys
from mcpgateway.control_plane.registry.model import SigningKey
from support.control_plane import Plane
from support.identity_provider import IdentityProvider
from support.sso import ISSUER, sso_plane
from support.wait import until


@pytest.fixture
async def scene(registry: str) -> AsyncIterator[tuple[Plane, IdentityProvider]]:
    async with sso_plane(registry, sso_tokens=True, sso_token_audience="api://gateway") as opened:
        yield opened


async def kept(plane: Plane) -> dict[str, SigningKey]:
    rows = await plane.ports.store.read.signing_keys()
    return {row.id: row for row in rows if signing_keys.is_external(row.id)}


async def synced(plane: Plane) -> float:
    assert plane.sso is not None
    return await plane.sso.external_keys().sync()


async def test_a_key_says_whose_tokens_it_verifies(scene: tuple[Plane, IdentityProvider]) -> None:
    plane, _ = scene
    await synced(plane)
    [key] = (await kept(plane)).values()
    assert (key.id, key.kid, key.algorithm) == ("sso:corp:first", "first", "RS256")
    assert (key.issuer, key.audience) == (ISSUER, "api://gateway")
    assert key.subject_claims == ("email",)
    assert key.require_exp
    assert not key.require_jti
    assert b'"d"' not in key.material


async def test_a_new_key_comes_in_and_an_old_one_goes_when_it_left_the_set(
    scene: tuple[Plane, IdentityProvider],
) -> None:
    plane, idp = scene
    await synced(plane)
    idp.rotate("second", keep=True)
    plane.clock.move(60)
    await synced(plane)
    assert set(await kept(plane)) == {"sso:corp:first", "sso:corp:second"}
    idp.rotate("third")
    plane.clock.move(60)
    await synced(plane)
    assert set(await kept(plane)) == {"sso:corp:third"}


async def test_nothing_is_written_while_nothing_changes(
    scene: tuple[Plane, IdentityProvider],
) -> None:
    plane, _ = scene
    await synced(plane)
    before = await plane.revision()
    plane.clock.move(60)
    await synced(plane)
    assert await plane.revision() == before


async def test_keys_are_looked_at_again_when_they_may_be_old(
    scene: tuple[Plane, IdentityProvider],
) -> None:
    plane, idp = scene
    assert 290 < await synced(plane) <= 300  # max-age=300
    idp.kept = "no-store"
    plane.clock.move(60)
    assert await synced(plane) > 60


async def test_a_hint_has_keys_looked_at_at_once_and_other_hints_pass(
    scene: tuple[Plane, IdentityProvider],
) -> None:
    plane, idp = scene
    assert plane.sso is not None
    keys = ExternalKeys(plane.ports, plane.sso.providers, plane.sso.outside, pause=0)
    running = asyncio.create_task(keys.run())

    async def hints() -> AsyncIterator[str]:
        yield "1" * 32
        yield KEYS_HINT
        yield "2" * 32

    async def has(kid: str) -> bool:
        return set(await kept(plane)) == {f"sso:corp:{kid}"}

    try:
        await until(lambda: has("first"), "the keys are there")
        idp.rotate("second")
        plane.clock.move(60)
        assert [each async for each in keys.sift(hints())] == ["1" * 32, "2" * 32]
        await until(lambda: has("second"), "the new key is there")
    finally:
        await end(running)


async def test_a_provider_that_does_not_answer_keeps_its_keys(
    scene: tuple[Plane, IdentityProvider], monkeypatch: pytest.MonkeyPatch
) -> None:
    plane, idp = scene
    await synced(plane)
    idp.issuer = "https://gone.example"  # it answers for nothing else now
    idp.metadata = {"issuer": "https://gone.example"}

    async def refuse(request: Any) -> Any:
        return await type(idp).reach(idp, request._replace(url="https://gone.example/nothing"))

    monkeypatch.setattr(idp, "reach", refuse)
    plane.clock.move(60)
    await synced(plane)
    assert set(await kept(plane)) == {"sso:corp:first"}


async def test_keys_go_when_their_provider_or_all_foreign_tokens_are_no_longer_trusted(
    registry: str,
) -> None:
    async with sso_plane(registry, sso_tokens=True) as (plane, _):
        await synced(plane)
        assert set(await kept(plane)) == {"sso:corp:first"}
        await signing_keys.sync(plane.ports, plane.settings, bootstrap.SYSTEM)
        assert set(await kept(plane)) == {"sso:corp:first"}
    async with sso_plane(registry, sso_tokens=True, generic_enabled=False) as (plane, _):
        await synced(plane)
        assert await kept(plane) == {}
    async with sso_plane(registry, sso_tokens=True) as (plane, _):
        await synced(plane)
    async with sso_plane(registry) as (plane, _):  # a start brings them in line
        assert await kept(plane) == {}
