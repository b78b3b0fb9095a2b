"""Upstream sessions that replicas share, over a store in memory, by the contract."""

from collections.abc import AsyncIterator

import pytest
from typing_extensions import override

from mcpgateway.data_plane.parked.bucket import Entry, key_of
from mcpgateway.data_plane.parked.owners import Alone
from mcpgateway.data_plane.parked.upstream_sessions import UpstreamSessions
from mcpgateway.data_plane.upstreams.sessions.shared_sessions import (
    NOTHING,
    Kept,
    News,
    SharedSessions,
)
from support.buckets import TestedStore
from support.many_replicas import Group
from support.shared_sessions import FIRST, KEY, OTHERS, SECOND, Contract, create, find, replace
from support.wait import until

ALONE = Alone("a")


class LaggingStore(TestedStore):
    """Reads what was there `behind` reads ago, as a follower of a stream may."""

    def __init__(self) -> None:
        super().__init__()
        self.behind = 0
        self.old: Entry = Entry(None, 0)

    @override
    async def get(self, key: str) -> Entry:
        entry = await super().get(key)
        if self.behind:
            self.behind -= 1
            return self.old
        return entry


@pytest.fixture
async def store() -> AsyncIterator[SharedSessions]:
    made = UpstreamSessions(TestedStore(), ALONE)
    yield made
    await made.aclose()


class TestUpstreamSessions(Contract):
    pass


async def test_with_nats_away_everybody_goes_on_alone() -> None:
    inner = TestedStore()
    inner.up = False
    store = UpstreamSessions(inner, ALONE)
    assert await find(store) == NOTHING
    assert await create(store, FIRST) == Kept(FIRST, 0)
    assert await replace(store, SECOND, 7) == Kept(SECOND, 0)
    store.drop(KEY, 7)
    assert inner.asked == []


async def test_a_nats_that_goes_away_while_it_is_asked_leaves_everybody_alone() -> None:
    inner = TestedStore()
    inner.answers.clear()
    store = UpstreamSessions(inner, ALONE)
    answers: list[Kept] = []
    store.find(KEY, answers.append)
    store.create(KEY, FIRST, answers.append)
    store.drop(KEY, 7)
    await until(lambda: len(inner.asked) == 3, "all were asked")
    inner.up = False
    inner.answers.set()
    await until(lambda: len(answers) == 2, "who waits is told")
    assert answers == [NOTHING, Kept(FIRST, 0)]


async def test_a_winner_is_found_though_reads_lag_behind() -> None:
    inner = LaggingStore()
    store = UpstreamSessions(inner, ALONE)
    made = await create(store, FIRST)
    inner.behind = 2
    assert await create(store, SECOND) == made


async def test_a_lost_session_is_replaced_though_reads_lag_behind() -> None:
    inner = LaggingStore()
    store = UpstreamSessions(inner, ALONE)
    lost = await create(store, FIRST)
    inner.old = inner._entries[key_of(*KEY)]
    await inner.put(key_of(*KEY), None, lost.version)
    inner.behind = 2
    assert (await replace(store, SECOND, lost.version)).session == SECOND


async def test_a_record_that_is_not_understood_is_none() -> None:
    inner = TestedStore()
    store = UpstreamSessions(inner, ALONE)
    await inner.put(key_of(*KEY), b"of another version", 0)
    assert await find(store) == NOTHING
    assert (await create(store, FIRST)).session == FIRST


async def test_news_of_a_session_reach_who_hears_of_it_at_the_other_replicas() -> None:
    here, there = Group((), ("here", "there")).owners
    teller = UpstreamSessions(TestedStore(), here)
    hearer = UpstreamSessions(TestedStore(), there)
    news: list[News] = []
    deaf = hearer.hear(KEY, news.append)
    for key in (KEY, *OTHERS):
        teller.tell(key, News("x:a"))
    teller.tell(KEY, News("x" * 20_000))
    teller.tell(KEY, News(free=True))
    here.tell_all("upstream-news", b"of another version")
    assert news == [News("x:a"), News(free=True)]
    deaf()
    teller.tell(KEY, News("x:a"))
    assert len(news) == 2
