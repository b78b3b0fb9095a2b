"""What replicas must do for each other, over whatever carries their letters.

`Contract` is inherited by the tests of each carrier, which give the fixture `office`.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

import pytest

from mcpgateway.common.runtime.carried.frames import CREDIT, FRAME
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.parked.handing import Handing, HandingLimits
from mcpgateway.data_plane.parked.owners import NoteListener
from support.exchange import RecordingExchange
from support.wait import until

QUICK = HandingLimits(pulse_every=0.05, silence=0.5)
Handle = Callable[[Exchange], None]


class Office(Protocol):
    """Makes replicas that reach each other, and ends them as kill -9 does."""

    async def start(
        self, replica: str, handle: Handle | None = None, limits: HandingLimits = QUICK
    ) -> Handing: ...

    async def kill(self, replica: str) -> None: ...


class Kept:
    """An application that answers nothing by itself and keeps what comes."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.gone = 0

    def __call__(self, exchange: Exchange) -> None:
        exchange.on_gone(self._left)
        self.exchanges.append(exchange)

    def _left(self) -> None:
        self.gone += 1

    async def one(self) -> Exchange:
        await until(lambda: bool(self.exchanges), "an exchange is handed over")
        return self.exchanges[0]


def echo(exchange: Exchange) -> None:
    """The request in words, and its body."""
    said = f"{exchange.method} {exchange.target.decode()} {exchange.path} {exchange.query}"
    said += f" {exchange.scheme} {exchange.peer[0]}:{exchange.peer[1]}"
    exchange.respond(200, ((b"said", said.encode()), *exchange.headers), exchange.body)


def refuse_gone() -> None:
    raise AssertionError("the owner is there")


async def under_way(office: Office) -> tuple[RecordingExchange, Exchange, Kept]:
    """A streamed response that has begun: the client's exchange, the owner's, the application."""
    kept = Kept()
    await office.start("owner", kept)
    asker = await office.start("asker")
    exchange = RecordingExchange()
    asker.hand_over(exchange, "owner", refuse_gone)
    there = await kept.one()
    there.start(200, ())
    there.write(b"begun")
    await until(lambda: exchange.answer == b"begun", "it has begun")
    return exchange, there, kept


class Contract:
    async def test_a_request_is_answered_by_its_owner_as_if_it_had_come_in_there(
        self, office: Office
    ) -> None:
        await office.start("owner", echo)
        asker = await office.start("asker")
        headers = [(b"authorization", b"Bearer x"), (b"x", b"1"), (b"x", b"2")]
        exchange = RecordingExchange(
            "PUT", "/mcp", headers, b"body", query="a=1", peer=("::1", 1234)
        )
        asker.hand_over(exchange, "owner", refuse_gone)
        await exchange.finished()
        assert (exchange.status, exchange.answer) == (200, b"body")
        assert exchange.sent_headers[b"said"] == b"PUT /mcp?a=1 /mcp a=1 http ::1:1234"
        assert exchange.sent_headers[b"authorization"] == b"Bearer x"
        assert (asker.asked, asker.broken) == (0, 0)

    @pytest.mark.parametrize("size", [0, 1, FRAME - 1, FRAME, FRAME + 1, 4 * 1024 * 1024])
    async def test_bodies_of_any_size_pass_whole_both_ways(self, office: Office, size: int) -> None:
        await office.start("owner", echo)
        asker = await office.start("asker")
        body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        exchange = RecordingExchange(body=body)
        asker.hand_over(exchange, "owner", refuse_gone)
        await exchange.finished()
        assert exchange.answer == body
        assert exchange.aborted is False

    async def test_a_streamed_response_arrives_piece_by_piece(self, office: Office) -> None:
        exchange, there, _ = await under_way(office)
        there.write(b" and on")
        await until(lambda: exchange.answer == b"begun and on", "it goes on")
        assert not exchange.ended
        there.end()
        await exchange.finished()
        assert (exchange.ended, exchange.aborted) == (True, False)

    async def test_a_replica_that_is_not_there_is_said_to_be_gone_at_once(
        self, office: Office
    ) -> None:
        asker = await office.start("asker")
        exchange, gone = RecordingExchange(), asyncio.Event()
        asker.hand_over(exchange, "nobody", gone.set)
        async with asyncio.timeout(1.5):  # sooner than the wait for an answer is over
            await gone.wait()
        assert (exchange.started, exchange.aborted, asker.asked) == (False, False, 0)

    async def test_oneself_is_no_other_replica(self, office: Office) -> None:
        asker = await office.start("asker", echo)
        gone = asyncio.Event()
        asker.hand_over(RecordingExchange(), "asker", gone.set)
        assert gone.is_set()

    async def test_what_was_handed_over_is_not_handed_over_again(self, office: Office) -> None:
        await office.start("third", echo)
        owner = await office.start("owner")
        asker = await office.start("asker")

        def pass_on(exchange: Exchange) -> None:
            owner.hand_over(exchange, "third", lambda: exchange.respond(404, ()))

        owner.serve(Application(pass_on))
        exchange = RecordingExchange()
        asker.hand_over(exchange, "owner", refuse_gone)
        await exchange.finished()
        assert exchange.status == 404

    async def test_a_client_that_leaves_is_gone_at_the_owner(self, office: Office) -> None:
        exchange, there, kept = await under_way(office)
        exchange.leave()
        await until(lambda: kept.gone == 1, "the owner hears of it")
        there.write(b"to nobody")
        there.end()
        with pytest.raises(ConnectionError):
            await there.drain()

    async def test_a_response_that_the_owner_aborts_is_broken_off(self, office: Office) -> None:
        exchange, there, kept = await under_way(office)
        there.abort()
        await exchange.finished()
        assert (exchange.aborted, exchange.ended) == (True, False)
        await until(lambda: kept.gone == 1, "the owner's application hears of it")

    async def test_an_owner_that_fails_answers_500(self, office: Office) -> None:
        def fail(_exchange: Exchange) -> None:
            raise RuntimeError("a bug")

        await office.start("owner", fail)
        asker = await office.start("asker")
        exchange = RecordingExchange()
        asker.hand_over(exchange, "owner", refuse_gone)
        await exchange.finished()
        assert exchange.status == 500

    async def test_a_slow_client_pauses_the_owner_and_loses_nothing(self, office: Office) -> None:
        exchange, there, _ = await under_way(office)
        told: list[bool] = []
        there.on_writable(told.append)
        exchange.clog()
        piece = b"x" * FRAME
        written = 0
        while there.writable:
            there.write(piece)
            written += 1
            await asyncio.sleep(0)
        assert told == [False]
        assert written <= CREDIT + 2
        await until(lambda: len(exchange.answer) >= CREDIT // 2 * FRAME, "what had credit arrived")
        assert not there.writable
        exchange.unclog()
        async with asyncio.timeout(10):
            await there.drain()
        assert told == [False, True]
        there.end()
        await exchange.finished()
        assert len(exchange.answer) == len(b"begun") + written * FRAME

    async def test_a_silent_stream_is_not_cut(self, office: Office) -> None:
        exchange, there, kept = await under_way(office)
        await asyncio.sleep(3 * QUICK.silence)
        assert (exchange.aborted, kept.gone) == (False, 0)
        there.end()
        await exchange.finished()
        assert exchange.ended

    async def test_an_owner_that_dies_breaks_the_response_off(self, office: Office) -> None:
        exchange, _, _ = await under_way(office)
        await office.kill("owner")
        await exchange.finished()
        assert (exchange.aborted, exchange.ended) == (True, False)

    async def test_an_asking_replica_that_dies_is_a_client_that_left(self, office: Office) -> None:
        _, _, kept = await under_way(office)
        await office.kill("asker")
        await until(lambda: kept.gone == 1, "the owner notices")

    async def test_over_the_limit_nothing_is_handed_over_or_taken(self, office: Office) -> None:
        kept = Kept()
        one = HandingLimits(1, QUICK.pulse_every, QUICK.silence)
        await office.start("owner", kept, one)
        first, second = await office.start("first"), await office.start("second", limits=one)
        first.hand_over(RecordingExchange(), "owner", refuse_gone)
        await kept.one()
        gone = asyncio.Event()
        second.hand_over(RecordingExchange(), "owner", gone.set)
        async with asyncio.timeout(5):
            await gone.wait()
        second.hand_over(RecordingExchange(), "owner", lambda: None)
        at_once = asyncio.Event()
        second.hand_over(RecordingExchange(), "owner", at_once.set)
        assert at_once.is_set()

    async def test_a_thousand_are_under_way_at_once(self, office: Office) -> None:
        kept = Kept()
        owner = await office.start("owner", kept)
        asker = await office.start("asker")
        exchanges = [RecordingExchange(body=b"%d" % n) for n in range(1000)]
        for exchange in exchanges:
            asker.hand_over(exchange, "owner", refuse_gone)
        await until(lambda: len(kept.exchanges) == 1000, "all are there")
        assert (owner.handed, asker.asked) == (1000, 1000)
        for there in reversed(kept.exchanges):
            there.start(200, ())
            there.write(b"answer to " + there.body)
        for there in kept.exchanges:
            there.end()
        for n, exchange in enumerate(exchanges):
            await exchange.finished()
            assert exchange.answer == b"answer to %d" % n
        assert (owner.handed, asker.asked, asker.broken) == (0, 0, 0)
        assert await owner.drain(0.1)

    async def test_draining_waits_for_what_was_handed_over(self, office: Office) -> None:
        kept = Kept()
        owner, asker = await office.start("owner", kept), await office.start("asker")
        asker.hand_over(RecordingExchange(), "owner", refuse_gone)
        there = await kept.one()
        assert not await owner.drain(0.05)
        there.respond(200, ())
        assert await owner.drain(0.05)

    async def test_a_note_is_heard_by_all_others_by_its_kind(self, office: Office) -> None:
        heard: list[tuple[str, bytes]] = []
        made = [await office.start(name) for name in ("a", "b", "c")]

        def hear_as(name: str) -> NoteListener:
            return lambda body: heard.append((name, body))

        for each in made:
            each.on_note("news", hear_as(each.replica))
            each.on_note("other", hear_as("other"))
        made[0].tell_all("news", b"one")
        await until(lambda: len(heard) >= 2, "it is heard")
        made[1].tell_all("news", b"two")
        await until(lambda: len(heard) >= 4, "it is heard")
        assert sorted(heard) == [("a", b"two"), ("b", b"one"), ("c", b"one"), ("c", b"two")]


class Application:
    """Of one function."""

    def __init__(self, handle: Handle) -> None:
        self.handle = handle

    def head(self, _exchange: Exchange) -> None:
        raise AssertionError("its head was judged where it came in")
