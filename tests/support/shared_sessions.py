"""What every store of shared upstream sessions must do; `Contract` is inherited by its tests."""

import asyncio
from collections.abc import Callable

from mcpgateway.data_plane.upstreams.sessions.shared_sessions import (
    NOTHING,
    Kept,
    SharedKey,
    SharedSession,
    SharedSessions,
    Told,
)

KEY = SharedKey("0123456789abcdef", "u1")
OTHERS = (SharedKey("0123456789abcdef", "u2"), SharedKey("fedcba9876543210", "u1"))
FIRST = SharedSession(b"first", "2025-11-25", "http://up.example/mcp")
SECOND = SharedSession(b"second", "2025-06-18", "http://up.example/mcp")


async def told(ask: Callable[[Told], None]) -> Kept:
    """What a method calls back with."""
    answer: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
    ask(answer.set_result)
    async with asyncio.timeout(10):
        return await answer


async def find(store: SharedSessions, key: SharedKey = KEY) -> Kept:
    return await told(lambda found: store.find(key, found))


async def create(store: SharedSessions, session: SharedSession, key: SharedKey = KEY) -> Kept:
    return await told(lambda done: store.create(key, session, done))


async def replace(store: SharedSessions, session: SharedSession, version: int) -> Kept:
    return await told(lambda done: store.replace(KEY, session, version, done))


class Contract:
    """A test class inherits it and gives the fixture `store`."""

    async def test_nothing_is_found_before_something_is_stored(self, store: SharedSessions) -> None:
        assert await find(store) == NOTHING

    async def test_what_was_created_is_found_under_its_key_and_no_other(
        self, store: SharedSessions
    ) -> None:
        made = await create(store, FIRST)
        assert (made.session, made.version > 0) == (FIRST, True)
        assert await find(store) == made
        assert [await find(store, key) for key in OTHERS] == [NOTHING, NOTHING]

    async def test_who_creates_second_is_told_the_first_ones_session(
        self, store: SharedSessions
    ) -> None:
        made = await create(store, FIRST)
        assert await create(store, SECOND) == made
        assert await find(store) == made

    async def test_of_many_that_create_at_once_all_are_told_the_same_winner(
        self, store: SharedSessions
    ) -> None:
        sessions = [SharedSession(b"%d" % n, "2025-11-25", "") for n in range(5)]
        made = await asyncio.gather(*(create(store, session) for session in sessions))
        assert len(set(made)) == 1
        assert made[0].session in sessions

    async def test_a_lost_session_is_replaced_once(self, store: SharedSessions) -> None:
        lost = await create(store, FIRST)
        found = await replace(store, SECOND, lost.version)
        assert found.session == SECOND
        assert found.version != lost.version
        late = await replace(store, FIRST, lost.version)
        assert late == found

    async def test_a_dropped_session_is_found_no_more_and_its_place_is_free(
        self, store: SharedSessions
    ) -> None:
        made = await create(store, FIRST)
        store.drop(KEY, made.version)
        assert await replace(store, SECOND, made.version) != made
        second = await find(store)
        assert second.session == SECOND

    async def test_a_late_drop_does_not_touch_its_successor(self, store: SharedSessions) -> None:
        made = await create(store, FIRST)
        second = await replace(store, SECOND, made.version)
        store.drop(KEY, made.version)
        assert await create(store, FIRST) == second
