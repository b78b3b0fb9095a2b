"""From receipts it is known who lives, who has applied what, and how long that took."""

import asyncio
import json

import pytest

from mcpgateway.common.routing.model import Fault
from mcpgateway.common.routing.receipt import Receipt, encode
from mcpgateway.control_plane.publish.receipts import LIVE, MAX_REPLICAS, ROUND, Fleet
from mcpgateway.control_plane.registry.ports import Outcome, Position

HERE = "registry"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    def __init__(self) -> None:
        self.clock = Clock()
        self.fleet = Fleet(self.clock, self._read)

    def _read(self, message: bytes) -> tuple[str, int] | None:
        return (HERE, int(message)) if message.isdigit() else None

    def hear(self, id: str, revision: int, *faults: Fault, **fields: object) -> None:
        receipt = Receipt(id, HERE, revision, 1.78e9, faults, "127.0.0.1:9", 1.7e9, "0.1.0")
        changed = {name: getattr(receipt, name) for name in receipt.__struct_fields__} | fields
        self.fleet.hear_receipt(id, encode(Receipt(**changed)))

    async def applied(self, revision: int, timeout: float = 0.0) -> Outcome:
        return await self.fleet.applied(Position(HERE, revision), timeout)


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_without_live_replicas_the_answer_comes_at_once(bench: Bench) -> None:
    assert await bench.applied(5, timeout=30) == Outcome(0, 0)


async def test_the_answer_counts_who_has_it_and_names_who_has_not(bench: Bench) -> None:
    bench.hear("a", 5)
    bench.hear("b", 4)
    bench.hear("c", 6)
    assert await bench.applied(5) == Outcome(2, 3, ("b",))


async def test_who_has_just_begun_to_listen_hears_everybody_out_before_saying_all(
    bench: Bench,
) -> None:
    bench.fleet.begin()
    waiting = asyncio.ensure_future(bench.applied(5, timeout=30))
    await asyncio.sleep(0)
    bench.hear("a", 5)
    await asyncio.sleep(0)
    assert not waiting.done()
    bench.clock.now += ROUND
    bench.hear("b", 5)
    assert await waiting == Outcome(2, 2)


async def test_after_one_silent_round_there_is_no_replica(bench: Bench) -> None:
    bench.fleet.begin()
    bench.clock.now += ROUND
    assert await bench.applied(5, timeout=30) == Outcome(0, 0)


async def test_the_answer_waits_for_the_last_receipt(bench: Bench) -> None:
    bench.hear("a", 4)
    waiting = asyncio.ensure_future(bench.applied(5, timeout=30))
    await asyncio.sleep(0)
    assert not waiting.done()
    bench.hear("a", 5)
    assert await asyncio.wait_for(waiting, 5) == Outcome(1, 1)


async def test_another_registrys_revisions_do_not_count(bench: Bench) -> None:
    bench.hear("a", 99, registry="restored")
    assert await bench.applied(5) == Outcome(0, 1, ("a",))


async def test_what_a_replica_could_not_use_is_told_once_it_has_the_revision(bench: Bench) -> None:
    lacking = Fault("tool", "t1", "no upstream")
    bench.hear("a", 5, lacking)
    bench.hear("b", 4, Fault("tool", "t2", "not yet"))
    assert (await bench.applied(5)).faults == (("a", lacking),)


async def test_a_silent_replica_is_gone_after_five_seconds_and_a_draining_one_at_once(
    bench: Bench,
) -> None:
    bench.hear("a", 5)
    bench.hear("b", 5)
    bench.hear("b", 5, draining=True)
    assert await bench.applied(5) == Outcome(1, 1)
    bench.clock.now += LIVE + 0.1
    assert await bench.applied(5) == Outcome(0, 0)
    assert bench.fleet.replicas(Position(HERE, 5)) == []


async def test_the_id_is_the_subjects_and_noise_is_ignored(bench: Bench) -> None:
    bench.fleet.hear_receipt("a", b"\xff\xff")
    bench.hear("a", 5, replica="somebody else")
    assert [each["id"] for each in bench.fleet.replicas(Position(HERE, 5))] == ["a"]


async def test_replicas_are_shown_with_lag_propagation_and_problems(bench: Bench) -> None:
    bench.hear("a", 4)
    bench.fleet.hear_delta(b"noise")
    for revision, took in ((5, 0.010), (6, 0.020), (7, 0.090)):
        bench.fleet.hear_delta(str(revision).encode())
        bench.clock.now += took
        bench.hear("a", revision, Fault("tool", "t1", "bad"))
    bench.fleet.hear_delta(b"8")
    bench.clock.now += 0.5
    [shown] = bench.fleet.replicas(Position(HERE, 8))
    assert shown["lag_ms"] == 500.0
    assert shown["propagation_ms"] == {"p50": 20.0, "p99": 90.0}
    assert shown["problems"] == [{"kind": "tool", "id": "t1", "problem": "bad"}]
    assert (shown["revision"], shown["address"]) == (7, "127.0.0.1:9")
    assert shown["started_at"] == "2023-11-14T22:13:20+00:00"
    json.dumps(shown)


async def test_the_leader_counts_propagation_from_before_it_publishes(bench: Bench) -> None:
    bench.hear("a", 4)
    bench.fleet.announce(HERE, 5)
    bench.clock.now += 0.003
    bench.fleet.hear_delta(b"5")
    bench.clock.now += 0.001
    bench.hear("a", 5)
    [shown] = bench.fleet.replicas(Position(HERE, 5))
    assert shown["propagation_ms"]["p50"] == 4.0


async def test_a_replica_that_has_everything_does_not_lag(bench: Bench) -> None:
    bench.fleet.hear_delta(b"8")
    bench.hear("a", 8)
    bench.clock.now += 3
    [shown] = bench.fleet.replicas(Position(HERE, 8))
    assert shown["lag_ms"] == 0.0
    assert shown["propagation_ms"] == {"p50": None, "p99": None}


async def test_a_flood_of_made_up_replicas_is_bounded(bench: Bench) -> None:
    for n in range(MAX_REPLICAS + 50):
        bench.hear(f"r{n}", 5)
    assert (await bench.applied(5)).live == MAX_REPLICAS
    bench.clock.now += LIVE + 0.1
    bench.hear("real", 5)
    assert (await bench.applied(5)).live == 1


@pytest.mark.parametrize("id", ["größe", "a,b", "x" * 65, "a\x01"])
async def test_a_receipt_of_what_can_be_no_replica_does_not_count(bench: Bench, id: str) -> None:
    bench.hear(id, 4)
    assert await bench.applied(5) == Outcome(0, 0)
