"""No caller takes the last of what a replica has a limited number of from the others."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.data_plane.pipeline.shares import Shares


def filled(limit: int, caller: str) -> Shares[int]:
    """One caller has taken all that it gets."""
    shares = Shares[int](limit)
    number = 0
    while not shares.refuses(caller):
        shares.take(caller, number)
        number += 1
    return shares


def test_one_caller_gets_most_when_nobody_else_is_there_and_leaves_the_rest() -> None:
    shares = filled(100, "busy")
    assert len(shares) == 75
    for number in range(5):
        assert not shares.refuses("other")
        shares.take("other", number)
    assert shares.refuses("other")
    assert not shares.refuses("third")


def test_what_is_given_back_is_there_again_once() -> None:
    shares = filled(100, "busy")
    shares.give_back("busy", 0)
    shares.give_back("busy", 0)
    assert (len(shares), shares.refuses("busy"), shares.oldest("busy")) == (74, False, 1)


def test_there_is_one_even_of_very_few() -> None:
    shares = Shares[int](1)
    assert not shares.refuses("a")
    shares.take("a", 1)
    assert shares.refuses("b")
    assert shares.oldest("b") is None


@given(
    st.integers(1, 60),
    st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.integers(0, 9)), max_size=200),
)
def test_there_are_never_more_than_the_limit_and_the_count_is_true(
    limit: int, steps: list[tuple[str, bool, int]]
) -> None:
    shares, held = Shares[int](limit), set[tuple[str, int]]()
    for caller, takes, what in steps:
        if not takes:
            shares.give_back(caller, what)
            held.discard((caller, what))
        elif not shares.refuses(caller):
            shares.take(caller, what)
            held.add((caller, what))
        assert len(shares) == len(held) <= limit
