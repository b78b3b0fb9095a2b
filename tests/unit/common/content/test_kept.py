"""What was made is made once, and no more is kept than there is room for."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.content.kept import Kept


class Maker:
    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, key: str) -> str:
        self.made.append(key)
        return key.upper()


def test_what_was_asked_for_is_not_made_again() -> None:
    maker = Maker()
    kept = Kept(maker, len, 100)
    assert [kept.of("a"), kept.of("a")] == ["A", "A"]
    assert maker.made == ["a"]


def test_the_longest_unused_goes_first() -> None:
    maker = Maker()
    kept = Kept(maker, len, 4)
    for key in ("a", "b", "c", "d", "a", "e", "a", "b"):
        kept.of(key)
    assert maker.made == ["a", "b", "c", "d", "e", "b"]


@given(st.lists(st.text(max_size=12)), st.integers(0, 40))
def test_it_answers_as_if_nothing_were_kept_and_never_keeps_more_than_its_room(
    keys: list[str], room: int
) -> None:
    kept = Kept(str.upper, lambda key: max(1, len(key)), room)
    for key in keys:
        assert kept.of(key) == key.upper()
        assert len(kept) <= room
