"""Replicas that share a data folder find each other, and no others."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from mcpgateway.common.metrics.exposition import encode
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.pool import Pool
from mcpgateway.data_plane.edge.siblings import PATH, Announced, Siblings
from support.http import BadServer, ScriptedApp, answers, free_port, serving

SECRET = "the edge's secret"


Make = Callable[[], Siblings]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Makes one replica's view of its siblings."""
    pool, made = Pool(), list[Siblings]()

    def siblings() -> Siblings:
        made.append(Siblings(tmp_path, pool, SECRET))
        return made[-1]

    yield siblings
    for each in made:
        each.withdraw()
    await pool.aclose()


def replica(name: str, port: int, id: str = "", host: str = "here") -> Announced:
    return Announced(id or f"id-{name}", name, host, f"127.0.0.1:{port}")


def shown() -> bytes:
    registry = Registry()
    registry.counter("a_total", "A.").value += 7
    return encode(registry.families())


async def test_a_sibling_that_was_announced_is_asked_and_knows_who_asks(make: Make) -> None:
    other = make()
    known: list[bool] = []

    def answer(exchange: Exchange) -> None:
        known.append(exchange.path == PATH and other.knows(exchange.headers))
        exchange.respond(200, (), shown())

    async with serving(ScriptedApp(answer)) as listener:
        other.announce(replica("1", listener.port))
        asking = make()
        asking.announce(replica("0", free_port()))
        heard = await asking.ask()
    assert known == [True]
    assert [sample.value for family in heard.families["1"] for sample in family.samples] == [7.0]
    assert heard.missing == []


async def test_one_that_is_gone_is_missing_once_and_then_forgotten(make: Make) -> None:
    asking, dead = make(), make()
    asking.announce(replica("0", free_port()))
    dead.announce(replica("1", free_port()))
    assert dead._locked is not None
    dead._locked.close()
    assert await asking.ask() == ({}, ["1"])
    assert await asking.ask() == ({}, [])


async def test_one_that_lives_and_does_not_answer_is_missing_each_time(make: Make) -> None:
    asking, mute = make(), make()
    asking.announce(replica("0", free_port()))
    mute.announce(replica("1", free_port()))
    assert [await asking.ask() for _ in range(2)] == [({}, ["1"])] * 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    ],
)
async def test_what_answers_otherwise_is_missing(make: Make, answer: bytes) -> None:
    asking, other = make(), make()
    asking.announce(replica("0", free_port()))
    async with BadServer(answers(answer)) as server:
        other.announce(replica("1", server.port))
        assert await asking.ask() == ({}, ["1"])


async def test_of_two_with_one_number_the_second_goes_by_its_id(make: Make) -> None:
    all_three = [make() for _ in range(3)]
    for siblings, id in zip(all_three, ("a", "b", "c"), strict=True):
        siblings.announce(replica("0", free_port(), id))
    assert (await all_three[0].ask()).missing == ["b", "c"]


async def test_nobody_who_left_or_is_elsewhere_or_makes_no_sense_is_asked(
    tmp_path: Path, make: Make
) -> None:
    asking, left, far = (make() for _ in range(3))
    asking.announce(replica("0", free_port()))
    left.announce(replica("1", free_port()))
    left.withdraw()
    far.announce(replica("2", free_port(), host="elsewhere"))
    folder = tmp_path / "replicas"
    (folder / "3.json").write_text("no JSON")
    outside = Announced("4", "4", "here", "192.0.2.1:80")
    (folder / "4.json").write_bytes(msgspec.json.encode(outside))
    assert await asking.ask() == ({}, [])


async def test_who_knows_another_secret_is_no_sibling(make: Make) -> None:
    siblings = make()
    assert not siblings.knows(((b"authorization", b"Bearer x"),))
    assert not siblings.knows(())
