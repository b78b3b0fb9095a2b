"""What was decided is kept by the minute, found again, and forgotten in time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.registry.access.decisions import MAX_BATCH, Asked, Decided
from mcpgateway.control_plane.store.people.decisions import PostgresDecisions
from support.control_plane import Plane

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def decided(principal: str, minutes: int = 0, **changes: Any) -> Decided:
    at = NOON + timedelta(minutes=minutes)
    usual = Decided(
        minute=at,
        principal=principal,
        action="tools.execute",
        verdict="allow",
        kind="tool",
        id="t1",
    )
    return msgspec.structs.replace(usual, **changes)


@pytest.fixture
def log(plane: Plane) -> PostgresDecisions:
    return PostgresDecisions(plane.pool)


async def test_what_is_added_is_found_as_it_was_newest_first(log: PostgresDecisions) -> None:
    first = decided("ann", source="10.0.0.1", server="s", token="j", rule="r", name="add", count=3)
    last = decided("bob", 1, verdict="deny")
    await log.add([first, last])
    assert [each.decided for each in await log.find(Asked())] == [last, first]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Asked(principal="ann"), [2, 0]),
        (Asked(verdict="deny"), [1]),
        (Asked(id="t2"), [2]),
        (Asked(since=NOON + timedelta(minutes=1)), [2, 1]),
        (Asked(until=NOON + timedelta(minutes=1)), [0]),
        (Asked(principal="ann", id="t1"), [0]),
        (Asked(action="tools.read"), []),
    ],
)
async def test_each_filter_leaves_only_what_it_names(
    log: PostgresDecisions, asked: Asked, found: list[int]
) -> None:
    rows = [decided("ann"), decided("bob", 1, verdict="deny"), decided("ann", 2, id="t2")]
    await log.add(rows)
    assert [each.decided for each in await log.find(asked)] == [rows[at] for at in found]


async def test_pages_join_to_the_whole(log: PostgresDecisions) -> None:
    await log.add([decided(f"p{number}", number // 3) for number in range(10)])
    seen: list[str] = []
    before = None
    while page := await log.find(Asked(limit=4, before=before)):
        seen += [each.decided.principal for each in page]
        before = (page[-1].decided.minute, page[-1].row)
    assert sorted(seen) == [f"p{number}" for number in range(10)]


async def test_what_came_again_and_again_is_one_with_the_sum(log: PostgresDecisions) -> None:
    await log.add([decided("ann", count=2), decided("ann", 5, count=3, token="new")])
    await log.add([decided("ann", 5, verdict="deny")])
    once = await log.distinct(None, 10)
    assert {(each.verdict, each.count) for each in once} == {("allow", 5), ("deny", 1)}
    assert {each.minute for each in once} == {NOON + timedelta(minutes=5)}
    assert len(await log.distinct(NOON + timedelta(minutes=6), 10)) == 0


async def test_only_what_is_too_old_is_forgotten(log: PostgresDecisions) -> None:
    await log.add([decided("ann"), decided("bob", 1)])
    assert await log.clean(NOON + timedelta(minutes=1)) == 1
    assert [each.decided.principal for each in await log.find(Asked())] == ["bob"]


async def test_what_is_too_long_or_can_not_be_kept_is_cut(log: PostgresDecisions) -> None:
    await log.add([decided("ann\0" + "x" * 300)])
    [row] = await log.find(Asked())
    assert row.decided.principal == "ann" + "x" * 252


async def test_a_batch_has_a_limit(log: PostgresDecisions) -> None:
    with pytest.raises(InvalidCall, match="10001 decisions"):
        await log.add([decided("ann")] * (MAX_BATCH + 1))
