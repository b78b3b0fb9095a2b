"""A dict in parts is a dict."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.search.spread import PARTS, Spread

acts = st.lists(st.tuples(st.text(max_size=2), st.none() | st.integers()), max_size=60)


@given(acts)
def test_it_holds_what_a_dict_would_hold(history: list[tuple[str, int | None]]) -> None:
    plain, spread = dict[str, int](), Spread[int]()
    for key, value in history:
        if value is None:
            assert spread.pop(key) == plain.pop(key, None)
        else:
            plain[key] = spread[key] = value
    assert {key: spread.get(key) for key in spread} == plain
    assert len(spread) == len(plain)
    assert all(key in spread for key in plain)
    for key in plain:
        del spread[key]
    assert (len(spread), spread.get("absent"), "absent" in spread) == (0, None, False)


def test_no_part_has_much_of_it() -> None:
    spread = Spread[int]()
    for n in range(PARTS * 100):
        spread[f"key {n}"] = n
    assert max(map(len, spread._parts)) < 200
