"""The words of error pages."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.rest.html_text import MAX_READ, is_html, words


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<html><head><title>Gone &amp; lost</title></head><body><p>a<br>b</p>", "Gone & lost a b"),
        ("a<script>var x = '<p>';</script>b<STYLE>p{}</STYLE >c", "a b c"),
        ("<scripted>a</scripted>", "a"),
        ("a < b", "a"),
        ("", ""),
        ("<p", ""),
    ],
)
def test_tags_and_what_nobody_reads_are_left_out(page: str, expected: str) -> None:
    assert words(page) == expected


def test_a_page_is_known_by_its_type_or_its_beginning() -> None:
    assert is_html("text/html", "x")
    assert is_html("", " \n<!DOCTYPE HTML>")
    assert is_html("text/plain", "<html lang=en>")
    assert not is_html("text/plain", "1 < 2")


@given(st.text(alphabet="<>/scriptyle tHEAD&;", max_size=200))
def test_any_page_has_words_without_a_break(page: str) -> None:
    assert "\n" not in words(page)


@pytest.mark.parametrize("piece", ["<script", "<", "<style>", "</script", "&lt;"])
def test_a_hostile_page_takes_no_longer_than_any(piece: str) -> None:
    page = piece * MAX_READ
    began = time.process_time()
    words(page)
    assert time.process_time() - began < 1
