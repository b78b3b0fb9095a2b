"""Several followers, one watch: who is told what, and when the watch may end."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.data_plane.pipeline.listening.joined import MAX_TEXT, Joined
from support.wait import until


class Watch:
    """Keeps what is wanted."""

    def __init__(self) -> None:
        self.wanted: list[set[str]] = []
        self.closed = False

    def want(self, uris: frozenset[str]) -> None:
        self.wanted.append(set(uris))

    def close(self) -> None:
        self.closed = True


class Follower:
    def __init__(self) -> None:
        self.told: list[str] = []
        self.times_settled = 0

    def updated(self, followed: str, uri: str) -> None:
        self.told.append(uri)

    def settled(self) -> None:
        self.times_settled += 1


class Rig:
    def __init__(self, limit: int = 100) -> None:
        self.watch = Watch()
        self.ends: list[bool | None] = []
        self.joined = Joined(limit, lambda _, refused: self.ends.append(refused))
        self.joined.begin(self.watch)

    def follower(self, *uris: str) -> Follower:
        follower = Follower()
        for uri in uris:
            self.joined.join(follower, uri)
        return follower

    async def wanted(self, *uris: str) -> None:
        await until(lambda: self.watch.wanted[-1:] == [set(uris)], f"{uris} are wanted")

    def stands(self, *uris: str, gap: bool = False) -> None:
        asked = frozenset(self.watch.wanted[-1]) if self.watch.wanted else frozenset(uris)
        self.joined.standing(asked, frozenset(uris), gap=gap)


async def test_all_that_is_followed_in_one_turn_is_wanted_at_once_and_each_uri_once() -> None:
    rig = Rig()
    rig.follower("x:a", "x:b")
    rig.follower("x:b", "x:c")
    await rig.wanted("x:a", "x:b", "x:c")
    assert len(rig.watch.wanted) == 1


async def test_each_is_told_of_its_own() -> None:
    rig = Rig()
    one, both = rig.follower("x:a"), rig.follower("x:a", "x:b")
    rig.stands("x:a", "x:b")
    rig.joined.updated("x:b")
    rig.joined.updated("x:a")
    rig.joined.updated("x:nobody's")
    assert (one.told, both.told) == (["x:a"], ["x:b", "x:a"])


async def test_a_uri_is_wanted_until_the_last_of_its_followers_left() -> None:
    rig = Rig()
    one, other = rig.follower("x:a", "x:b"), rig.follower("x:a")
    await rig.wanted("x:a", "x:b")
    rig.joined.leave(one, "x:a")
    rig.joined.leave(one, "x:b")
    await rig.wanted("x:a")
    rig.joined.leave(other, "x:a")
    await until(lambda: rig.watch.closed, "the watch ends")
    assert rig.ends == [None]


async def test_who_comes_before_the_watch_ends_keeps_it() -> None:
    rig = Rig()
    one = rig.follower("x:a")
    await rig.wanted("x:a")
    rig.stands("x:a")
    rig.joined.leave(one, "x:a")
    rig.follower("x:b")
    await rig.wanted("x:b")
    assert not rig.watch.closed


async def test_what_is_not_honoured_is_not_followed_and_all_are_told_that_it_is_settled() -> None:
    rig = Rig()
    follower = rig.follower("x:a", "x:b")
    await rig.wanted("x:a", "x:b")
    assert rig.joined.follows("x:a")
    assert not rig.joined.covers("x:a")
    rig.stands("x:a")
    assert follower.times_settled == 1
    assert [rig.joined.covers(uri) for uri in ("x:a", "x:b")] == [True, True]
    assert [rig.joined.follows(uri) for uri in ("x:a", "x:b")] == [True, False]


async def test_a_gap_is_told_once_for_each_resource_that_was_followed_before() -> None:
    rig = Rig()
    one, other = rig.follower("x:a", "x:b"), rig.follower("x:a")
    await rig.wanted("x:a", "x:b")
    rig.stands("x:a")
    rig.stands("x:a", "x:b", gap=True)
    assert (one.told, other.told) == (["x:a"], ["x:a"])


async def test_a_refusal_is_the_end_for_all() -> None:
    rig = Rig()
    follower = rig.follower("x:a")
    rig.joined.refused(lasting=True)
    assert (rig.ends, follower.times_settled) == ([True], 1)
    assert not rig.joined.follows("x:a")
    rig.joined.updated("x:a")
    assert follower.told == []
    assert not rig.joined.join(follower, "x:b")
    await asyncio.sleep(0)
    assert rig.watch.wanted == []


async def test_one_uri_over_the_limit_is_not_followed() -> None:
    rig = Rig(limit=2)
    rig.follower("x:a", "x:b")
    late = Follower()
    assert not rig.joined.join(late, "x:c")
    assert rig.joined.join(late, "x:a")


async def test_together_they_are_not_longer_than_a_request_may_be() -> None:
    rig = Rig()
    follower = rig.follower("x:" + "a" * (MAX_TEXT - 10))
    assert not rig.joined.join(follower, "x:" + "b" * 10)
    assert rig.joined.join(follower, "x:b")


@pytest.mark.parametrize(
    ("followed", "changed", "told"),
    [
        ("file:///docs", "file:///docs/a.md", True),
        ("file:///docs/", "file:///docs/a.md", True),
        ("file:///docs", "file:///docs#part", True),
        ("file:///docs", "file:///docs?page=2", True),
        ("file:///docs", "file:///docs2", False),
        ("file:///docs/a.md", "file:///docs", False),
    ],
)
async def test_a_part_of_what_is_followed_is_told_by_its_own_uri(
    followed: str, changed: str, told: bool
) -> None:
    rig = Rig()
    follower = rig.follower(followed)
    rig.joined.updated(changed)
    assert follower.told == ([changed] if told else [])


async def test_who_follows_the_whole_is_told_of_a_part_that_others_follow() -> None:
    rig = Rig()
    whole, part = rig.follower("file:///docs"), rig.follower("file:///docs/a.md")
    rig.joined.updated("file:///docs/a.md")
    assert (whole.told, part.told) == (["file:///docs/a.md"], ["file:///docs/a.md"])
    both = rig.follower("file:///docs", "file:///docs/a.md")
    rig.joined.updated("file:///docs/a.md")
    assert both.told == ["file:///docs/a.md"]


_steps = st.lists(
    st.tuples(st.booleans(), st.integers(0, 3), st.sampled_from(["x:a", "x:b", "x:c"])), max_size=40
)


@given(_steps)
def test_whatever_the_order_exactly_what_somebody_follows_is_wanted(
    steps: list[tuple[bool, int, str]],
) -> None:
    async def run() -> None:
        rig = Rig()
        followers = [Follower() for _ in range(4)]
        follows: set[tuple[int, str]] = set()
        for joins, number, uri in steps:
            if joins:
                rig.joined.join(followers[number], uri)
                follows.add((number, uri))
            else:
                rig.joined.leave(followers[number], uri)
                follows.discard((number, uri))
        union = {uri for _, uri in follows}
        await asyncio.sleep(0.001)
        assert rig.watch.wanted == ([union] if union else [])
        for uri in ("x:a", "x:b", "x:c"):
            rig.joined.updated(uri)
        for number, follower in enumerate(followers):
            assert set(follower.told) == {uri for who, uri in follows if who == number}

    asyncio.run(run())
