"""Descriptions are short and plain, and what they say stays."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.registry.openapi.words import cut, line, plain


def test_markup_and_links_go_their_words_stay() -> None:
    said = (
        "<p>Lists <b>pets</b>.</p><!-- note -->\n\n\n See [the docs](https://a.example/x) &amp; go."
    )
    assert plain(said, 200) == "Lists pets .\nSee the docs & go."


def test_comparisons_are_no_markup() -> None:
    assert plain("a < b and c > d", 100) == "a < b and c > d"


def test_a_long_text_ends_with_a_sentence_where_it_can() -> None:
    assert cut("One two three. Four five six seven.", 20) == "One two three."
    assert cut("a" * 50, 10) == "a" * 9 + "…"


@given(st.text(max_size=3000), st.integers(10, 500))
def test_nothing_is_longer_than_asked(said: str, limit: int) -> None:
    assert len(plain(said, limit)) <= limit
    found = line(said, limit)
    assert len(found) <= limit
    assert "\n" not in found


def test_what_is_no_text_is_none() -> None:
    assert plain(None, 10) == plain(["a"], 10) == ""
