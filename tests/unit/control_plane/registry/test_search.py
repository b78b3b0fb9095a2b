"""Searched texts: how they become keys, words and queries."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.registry import search
from mcpgateway.control_plane.registry.model import Viewer

text = st.text(max_size=60)


@given(text, text)
def test_bounds_hold_every_key_that_begins_with_the_text_and_no_other(
    begin: str, name: str
) -> None:
    low, high = search.bounds(begin)
    other = search.key(name)
    as_bytes = [each.encode("utf-8", "surrogatepass") for each in (low, other, high)]

    assert (as_bytes[0] <= as_bytes[1] < as_bytes[2]) is other.startswith(low)


@given(text)
def test_words_are_single_lower_case_and_bounded(said: str) -> None:
    found = search.words(said)

    assert len(found) == len(set(found)) <= search.MAX_WORDS
    assert all(word == word.lower() and not set(word) & set(" _-&|!:*<>()'\\") for word in found)


def test_names_are_split_as_people_write_them() -> None:
    assert search.words("createIssue HTTP2-server") == ["create", "issue", "http2", "server"]


def test_only_words_that_say_enough_stand_for_longer_ones() -> None:
    assert search.tsquery(["a", "of", "ten"]) == "a & of & ten:*"


def test_asking_for_nothing_is_empty_and_a_tag_is_something() -> None:
    viewer = Viewer("a@example.com")

    assert search.Wanted(viewer=viewer, text="  ").empty
    assert not search.Wanted(viewer=viewer, text="", tags=(("a",),)).empty
