"""Exchanges handed over and notes, over a post that loses, repeats and forges letters on demand."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from mcpgateway.common.keys import DataPlaneKeys
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.parked.frames import SKEW
from mcpgateway.data_plane.parked.handing import NOTE_LIMIT, PULSE, Handing, Source
from mcpgateway.data_plane.parked.seals import Seals
from support.endpoint import Clock
from support.exchange import RecordingExchange
from support.loopback import SOURCE, Loopback
from support.owners import Contract, Kept, echo, refuse_gone, under_way
from support.wait import until


@pytest.fixture
async def office() -> AsyncIterator[Loopback]:
    made = Loopback()
    yield made
    made.close()


class TestLoopback(Contract):
    pass


async def test_a_lost_piece_breaks_both_sides_off_and_nothing_wrong_is_passed(
    office: Loopback,
) -> None:
    exchange, there, kept = await under_way(office)
    office.losing = lambda to, topic: to == "asker" and topic != PULSE
    there.write(b" lost")
    await asyncio.sleep(0)
    office.losing = lambda _to, _topic: False
    there.write(b" kept")
    await exchange.finished()
    assert (exchange.answer, exchange.aborted) == (b"begun", True)
    await until(lambda: kept.gone == 1, "the owner hears of it")


async def test_a_lost_end_is_noticed_by_the_next_pulse(office: Loopback) -> None:
    exchange, there, _ = await under_way(office)
    office.losing = lambda to, topic: to == "asker" and topic != PULSE
    there.end()
    await exchange.finished()
    assert (exchange.ended, exchange.aborted) == (False, True)


async def test_an_owner_that_never_says_that_it_took_a_request_is_gone(office: Loopback) -> None:
    kept, gone = Kept(), asyncio.Event()
    office.owners("owner", kept)
    asker = office.owners("asker")
    office.losing = lambda to, _topic: to == "asker"
    exchange = RecordingExchange()
    asker.hand_over(exchange, "owner", gone.set)
    await kept.one()
    office.losing = lambda _to, _topic: False
    async with asyncio.timeout(10):
        await gone.wait()
    assert (exchange.started, exchange.aborted) == (False, False)
    await until(lambda: kept.gone == 1, "the owner does not answer it any more")


async def test_with_the_post_away_everybody_is_gone_at_once_and_notes_are_dropped(
    office: Loopback,
) -> None:
    office.owners("owner", echo)
    asker = office.owners("asker")
    office.up = False
    gone = asyncio.Event()
    asker.hand_over(RecordingExchange(), "owner", gone.set)
    asker.tell_all("news", b"lost")
    assert gone.is_set()


async def test_a_request_delivered_twice_runs_once(office: Loopback) -> None:
    ran: list[bytes] = []

    def run(exchange: Exchange) -> None:
        ran.append(exchange.body)
        echo(exchange)

    office.owners("owner", run)
    asker = office.owners("asker")
    exchange = RecordingExchange(body=b"once")
    asker.hand_over(exchange, "owner", refuse_gone)
    await exchange.finished()
    sent = [letter for letter in office.letters if letter[0] == "owner"]
    for letter in sent:
        office.deliver(*letter)
    await asyncio.sleep(0)
    assert ran == [b"once"]


async def test_an_old_request_that_is_delivered_now_does_not_run(office: Loopback) -> None:
    kept, clock = Kept(), Clock()
    source = Source(SOURCE.clock, clock, os.urandom)
    office.owners("owner", kept, source=source)
    asker = office.owners("asker", source=Source(SOURCE.clock, Clock(), os.urandom))
    clock.now += SKEW + 1
    exchange = RecordingExchange()
    asker.hand_over(exchange, "owner", refuse_gone)
    await exchange.finished()
    assert (exchange.aborted, kept.exchanges) == (True, [])


@pytest.mark.parametrize("forgery", ["noise", "other keys", "for another", "another exchange"])
async def test_letters_that_are_not_sealed_for_this_are_ignored(
    office: Loopback, forgery: str
) -> None:
    owner = office.owners("owner", echo)
    office.owners("asker").hand_over(RecordingExchange(), "owner", refuse_gone)
    await asyncio.sleep(0)
    letter = office.letters[0][2]
    topic = office.letters[0][1]
    plain = owner._seals.open("owner", topic, letter)[1]  # what a thief may know
    other = DataPlaneKeys.derive(("another secret",), "local", "default")
    letters = {
        "noise": (topic, b"noise"),
        "other keys": (topic, Seals(other, "asker", os.urandom).close("owner", topic, plain)),
        "for another": (topic, owner._seals.close("third", topic, plain)),
        "another exchange": ("0" * 16, letter),
    }
    office.deliver("owner", *letters[forgery])
    office.mailboxes["owner"].noted(letters[forgery][1])
    assert owner.ignored == 2


async def test_nothing_readable_is_on_the_wire(office: Loopback) -> None:
    office.owners("owner", echo)
    asker = office.owners("asker")
    exchange = RecordingExchange(headers=[(b"authorization", b"Bearer secret")], body=b"private")
    asker.hand_over(exchange, "owner", refuse_gone)
    await exchange.finished()
    carried = b"".join(letter for _, _, letter in office.letters)
    assert exchange.answer == b"private"
    assert [word for word in (b"secret", b"private", b"/mcp") if word in carried] == []


async def test_closing_breaks_off_what_is_under_way(office: Loopback) -> None:
    exchange, _, kept = await under_way(office)
    owner = office.mailboxes["owner"]
    assert isinstance(owner, Handing)
    owner.close()
    await exchange.finished()
    assert (exchange.aborted, kept.gone) == (True, 1)


async def test_notes_have_a_kind_and_a_limit(office: Loopback) -> None:
    owners = office.owners("a")
    with pytest.raises(ValueError, match="a note's kind"):
        owners.tell_all("Not A Kind", b"")
    with pytest.raises(ValueError, match="a note may have"):
        owners.tell_all("news", b"x" * (NOTE_LIMIT + 1))
