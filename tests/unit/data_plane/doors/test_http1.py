"""One application behind two addresses."""

from collections.abc import AsyncIterator

import pytest

from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange
from mcpgateway.data_plane.doors.http1 import Door
from support.http import raw_client

REQUEST = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"


class Hello:
    """Answers everything."""

    def head(self, exchange: Exchange) -> BodyPlan | None:
        return BodyPlan(0)

    def handle(self, exchange: Exchange) -> None:
        exchange.respond(200, (), b"hello")


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = await Door.open(Hello())
    yield made
    await made.close()


async def answers(port: int) -> bool:
    async with raw_client(port) as client:
        client.send(REQUEST)
        return (await client.response("GET")).body == b"hello"


async def test_the_own_port_answers_before_the_public_one_is_open(door: Door) -> None:
    assert await answers(int(door.own_address.rpartition(":")[2]))
    with pytest.raises(RuntimeError):
        _ = door.port


async def test_replicas_share_the_public_address_and_keep_their_own(door: Door) -> None:
    await door.publish("127.0.0.1", 0)
    neighbour = await Door.open(Hello())
    try:
        await neighbour.publish("127.0.0.1", door.port)
        assert door.own_port != neighbour.own_port
        assert await answers(door.port)
        assert await door.drain(1)
        assert await answers(neighbour.port)
    finally:
        await neighbour.close()
