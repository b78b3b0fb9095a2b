"""Exchanges handed over and notes, on a real NATS."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from support.exchange import RecordingExchange
from support.nats import Bus
from support.owners import Contract, echo, refuse_gone, under_way
from support.parked import NatsOffice
from support.wait import until


@pytest.fixture
async def office(bus: Bus) -> AsyncIterator[NatsOffice]:
    made = NatsOffice(bus)
    yield made
    await made.aclose()


class TestNats(Contract):
    pass


async def test_with_nats_away_everybody_is_gone_at_once(bus: Bus, office: NatsOffice) -> None:
    await office.start("owner", echo)
    asker = await office.start("asker")
    bus.kill()
    await until(lambda: not office.nats["asker"].connected, "the loss is noticed")
    gone = asyncio.Event()
    asker.hand_over(RecordingExchange(), "owner", gone.set)
    assert gone.is_set()


async def test_when_nats_is_back_exchanges_are_handed_over_again(
    bus: Bus, office: NatsOffice
) -> None:
    await office.start("owner", echo)
    asker = await office.start("asker")
    bus.kill()
    await until(lambda: not office.nats["asker"].connected, "the loss is noticed")
    bus.start()
    for nats in office.nats.values():
        await until(lambda nats=nats: nats.connected, "it is back")
        assert nats.client is not None
        await nats.client.flush()
    exchange = RecordingExchange(body=b"again")
    asker.hand_over(exchange, "owner", refuse_gone)
    await exchange.finished()
    assert exchange.answer == b"again"


async def test_a_nats_that_dies_breaks_off_what_is_under_way(bus: Bus, office: NatsOffice) -> None:
    exchange, _, kept = await under_way(office)
    bus.kill()
    await exchange.finished()
    assert exchange.aborted
    await until(lambda: kept.gone == 1, "the owner notices, too")


async def test_nothing_is_stored_and_one_subscription_serves_all(
    bus: Bus, office: NatsOffice
) -> None:
    await office.start("owner", echo)
    asker = await office.start("asker")
    for _ in range(20):
        exchange = RecordingExchange()
        asker.hand_over(exchange, "owner", refuse_gone)
        await exchange.finished()
    client = office.nats["asker"].client
    assert client is not None
    assert len(client._subs) == 2  # what nats-py keeps nowhere else
