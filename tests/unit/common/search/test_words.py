"""Texts become words that meet those of names, whatever their case, ending and script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.search.words import LONGEST, stem, words


@pytest.mark.parametrize(
    "text", ["listPullRequests", "list_pull_requests", "List pull-requests", "LIST PULL REQUEST"]
)
def test_a_name_is_the_same_words_however_it_is_written(text: str) -> None:
    assert words(text) == ["list", "pull", "request"]


@pytest.mark.parametrize(
    "same",
    [
        ("delete", "deletes", "deleted", "deleting", "deletion"),
        ("query", "queries"),
        ("run", "running", "runs"),
        ("address", "addresses"),
        ("notify", "notification", "notifications"),
        ("available", "availability"),
        ("PR", "PRs"),
    ],
)
def test_endings_do_not_keep_words_apart(same: tuple[str, ...]) -> None:
    assert len({tuple(words(each)) for each in same}) == 1


@pytest.mark.parametrize(
    ("text", "word"), [("status", "status"), ("class", "class"), ("news", "new"), ("k8s", "k8s")]
)
def test_what_looks_like_an_ending_and_is_none_stays(text: str, word: str) -> None:
    assert words(text) == [word]


def test_letters_and_digits_of_short_names_stay_together() -> None:
    assert words("S3Bucket k8s EC2 parseJSON2") == [
        "s3",
        "bucket",
        "k8s",
        "ec2",
        "pars",
        "json",
        "2",
    ]


def test_a_name_of_two_parts_is_found_as_one_word_too() -> None:
    assert "github" in words("GitHub")
    assert words("github") == ["github"]


def test_words_that_say_nothing_are_left_out() -> None:
    assert words("how do I send it to the people?") == ["send", "peopl"]


def test_other_scripts_are_words_too() -> None:
    assert words("Größe ändern") == ["grösse", "ändern"]
    assert words("日程表") == ["日程", "程表"]
    assert words("犬") == ["犬"]


@given(st.text(max_size=200))
def test_any_text_has_words_of_bounded_length_that_are_found_again(text: str) -> None:
    found = words(text)
    assert all(0 < len(each) <= LONGEST for each in found)
    assert words(text) == found


@given(st.text("abcdefgeinsty", min_size=1, max_size=12))
def test_a_stem_is_never_empty(word: str) -> None:
    assert stem(word)
