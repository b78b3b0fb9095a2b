"""Tokens for upstreams at a replica: read once, kept while they hold, dropped when told."""

import asyncio

import pytest

from mcpgateway.common.errors import Unauthenticated, Unavailable
from mcpgateway.common.routing.upstream_tokens import UpstreamToken, Wanted, key_of
from mcpgateway.data_plane.parked.bucket import Away
from mcpgateway.data_plane.parked.token_bucket import EVERYTHING, OnChange
from mcpgateway.data_plane.pipeline.upstream_auth.upstream_tokens import (
    ConsentMissing,
    TokenUnknown,
    UpstreamTokens,
)
from support.registries import upstream
from support.wait import until

OWN = upstream("u1", tokens="oauth")
ALL = upstream("u1", tokens="shared")
TRADED = upstream("u1", tokens="exchange")
ANN = "ann@example.com"


class Source:
    """A bucket in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, UpstreamToken] = {}
        self.reads: list[str] = []
        self.wanted: list[Wanted] = []
        self.away = False
        self.changed: OnChange = lambda _key: None
        self.on_want: UpstreamToken | None = None

    def on_change(self, listener: OnChange) -> None:
        self.changed = listener

    async def get(self, key: str) -> UpstreamToken | None:
        self.reads.append(key)
        await asyncio.sleep(0)
        if self.away:
            raise Away("NATS is away")
        return self.kept.get(key)

    async def want(self, wanted: Wanted) -> None:
        self.wanted.append(wanted)
        key = key_of(wanted.principal, wanted.upstream)
        if self.on_want is not None:
            self.kept[key] = self.on_want
            self.changed(key)


class Rig:
    def __init__(self) -> None:
        self.now = 1000.0
        self.source = Source()
        self.tokens = UpstreamTokens(self.source, lambda: self.now, patience=0.05)

    def put(self, principal: str, text: str, expires: float = 0.0) -> None:
        key = key_of(principal, "u1")
        self.source.kept[key] = UpstreamToken((("Authorization", f"Bearer {text}"),), expires)
        self.source.changed(key)

    async def learnt(self, who: str = ANN, at: object = OWN, shown: str = "") -> object:
        """The lines, read first where they must be."""
        assert isinstance(at, type(OWN))
        try:
            return self.tokens.lines(at, who, shown)
        except TokenUnknown as unknown:
            await self.tokens.learn(unknown.need)
            return self.tokens.lines(at, who, shown)


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_a_token_is_read_once_and_belongs_to_nobody_else(rig: Rig) -> None:
    rig.put(ANN, "anns")
    assert await rig.learnt() == ((b"authorization", b"Bearer anns"),)
    assert rig.tokens.lines(OWN, ANN) == ((b"authorization", b"Bearer anns"),)
    assert len(rig.source.reads) == 1
    with pytest.raises(ConsentMissing):
        await rig.learnt("bob@example.com")


async def test_two_calls_at_once_read_it_once(rig: Rig) -> None:
    rig.put(ANN, "anns")
    await asyncio.gather(rig.learnt(), rig.learnt())
    assert len(rig.source.reads) == 1


async def test_it_is_read_again_a_minute_before_its_end(rig: Rig) -> None:
    rig.put(ANN, "old", expires=rig.now + 100)
    await rig.learnt()
    rig.source.kept[key_of(ANN, "u1")] = UpstreamToken((("Authorization", "Bearer new"),), 5000.0)
    rig.now += 41
    assert await rig.learnt() == ((b"authorization", b"Bearer new"),)


async def test_who_has_consented_is_served_at_once(rig: Rig) -> None:
    with pytest.raises(ConsentMissing):
        await rig.learnt()
    rig.put(ANN, "anns")
    assert await rig.learnt() == ((b"authorization", b"Bearer anns"),)


async def test_a_withdrawn_one_and_a_lost_connection_drop_what_was_kept(rig: Rig) -> None:
    rig.put(ANN, "anns")
    await rig.learnt()
    del rig.source.kept[key_of(ANN, "u1")]
    rig.source.changed(EVERYTHING)
    with pytest.raises(ConsentMissing):
        await rig.learnt()


async def test_an_ended_one_is_not_sent(rig: Rig) -> None:
    rig.put("", "ended", expires=rig.now - 1)
    with pytest.raises(Unavailable, match="has ended"):
        await rig.learnt(at=ALL)


async def test_without_nats_a_call_is_told_so_and_nobody_is_asked_to_consent(rig: Rig) -> None:
    rig.source.away = True
    with pytest.raises(Unavailable, match="NATS is away"):
        await rig.learnt()


async def test_a_shared_one_is_for_strangers_too_and_an_own_one_for_none(rig: Rig) -> None:
    rig.put("", "all")
    assert await rig.learnt("", ALL) == ((b"authorization", b"Bearer all"),)
    with pytest.raises(Unauthenticated):
        await rig.learnt("", OWN)


async def test_an_exchange_is_asked_for_once_with_what_the_caller_showed(rig: Rig) -> None:
    rig.source.on_want = UpstreamToken((("Authorization", "Bearer t"),), rig.now + 600)
    for _ in range(2):
        assert await rig.learnt(at=TRADED, shown="a.b.c") == ((b"authorization", b"Bearer t"),)
    assert rig.source.wanted == [Wanted(ANN, "u1", "a.b.c")]


async def test_an_exchange_that_fails_or_never_comes_says_so(rig: Rig) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        await rig.learnt(at=TRADED, shown="a.b.c")
    rig.now += 10
    rig.source.on_want = UpstreamToken((), rig.now + 15, "invalid_grant")
    with pytest.raises(Unavailable, match="invalid_grant"):
        await rig.learnt(at=TRADED, shown="a.b.c")


async def test_a_shared_one_that_is_being_fetched_is_waited_for(rig: Rig) -> None:
    rig.tokens = UpstreamTokens(rig.source, lambda: rig.now, patience=10.0)
    learning = asyncio.create_task(rig.learnt(at=ALL))
    await until(lambda: bool(rig.source.reads), "it is being read")
    rig.put("", "first")
    assert await learning == ((b"authorization", b"Bearer first"),)


async def test_a_shared_one_that_never_comes_is_missing(rig: Rig) -> None:
    with pytest.raises(Unavailable):
        await rig.learnt(at=ALL)
