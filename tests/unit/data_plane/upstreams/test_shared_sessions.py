"""Upstream sessions that a replica keeps for itself alone, by the contract of shared ones."""

import pytest

from mcpgateway.data_plane.upstreams.shared_sessions import (
    LIMIT,
    NOTHING,
    OwnSessions,
    SharedKey,
    SharedSessions,
)
from support.shared_sessions import FIRST, Contract, create, find


@pytest.fixture
def store() -> SharedSessions:
    return OwnSessions()


class TestOwnSessions(Contract):
    pass


async def test_above_the_limit_the_longest_unused_is_forgotten(store: SharedSessions) -> None:
    keys = [SharedKey("client", f"u{n}") for n in range(LIMIT + 1)]
    for key in keys[:-1]:
        await create(store, FIRST, key)
    await find(store, keys[0])
    await create(store, FIRST, keys[-1])
    assert (await find(store, keys[0])).session == FIRST
    assert await find(store, keys[1]) == NOTHING
