"""Rankings are joined by ranks: what several name comes first, in the same order always."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.search.fusion import fused

rankings = st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True), max_size=3)


def tools(names: str | list[str]) -> list[Tool]:
    return [Tool(f"id-{name}", "u", name, name) for name in names]


def names(found: list[Tool]) -> str:
    return "".join(each.name for each in found)


def test_what_both_name_comes_before_what_one_names_first() -> None:
    assert names(fused((tools("axy"), tools("bxz")), 5)) == "xabyz"


def test_equals_are_in_order_of_their_names_whoever_names_them() -> None:
    assert names(fused((tools("b"), tools("a")), 5)) == "ab"
    assert names(fused((tools("a"), tools("b")), 5)) == "ab"


@given(st.lists(st.sampled_from("abcdefgh"), unique=True))
def test_one_ranking_alone_stays_as_it_is(ranking: list[str]) -> None:
    assert names(fused((tools(ranking), ()), 8)) == "".join(ranking)


@given(rankings, st.integers(1, 8))
def test_all_that_is_named_comes_once_up_to_the_limit(given: list[list[str]], limit: int) -> None:
    found = fused([tools(each) for each in given], limit)
    known = {name for each in given for name in each}
    assert len(found) == len({each.id for each in found}) == min(limit, len(known))
    assert {each.name for each in found} <= known
