"""A URI that a template expands to matches it, and matching takes no longer than it should."""

import itertools
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.uri_template import MAX_URI, Uri, parse


@pytest.mark.parametrize(
    ("template", "uri", "expected"),
    [
        ("memo://notes/{id}", "memo://notes/7", True),
        ("memo://notes/{id}", "memo://notes/", False),
        ("memo://notes/{id}", "memo://notes/7/8", False),
        ("memo://notes/{id}", "memo://notes/a:b", True),
        ("memo://notes/{id}", "memo://other/7", False),
        ("file:///{+path}", "file:///a/b/c.txt", True),
        ("file:///{+path}", "file:///", False),
        ("a://{x}/{y}", "a://1/2", True),
        ("a://{x}/{y}", "a://1", False),
        ("a://{x}.{y}", "a://1.2.3", True),
        ("a://{x}.{y}", "a://12", False),
        ("a://b{?q,lang}", "a://b", True),
        ("a://b{?q,lang}", "a://b?q=1&lang=de", True),
        ("a://b{?q}", "a://bq=1", False),
        ("a://b{/seg*}", "a://b/1/2/3", True),
        ("a://b{/seg*}", "a://b", True),
        ("a://b{#frag}", "a://b#x/y?z", True),
        ("a://b{;p}", "a://b;p=1", True),
        ("a://b{.ext}", "a://b.json", True),
        ("a://b?x=1{&y}", "a://b?x=1&y=2", True),
        ("a://plain", "a://plain", True),
        ("a://plain", "a://plain/", False),
        ("a://{broken", "a://{broken", True),
        ("a://{x}", "a://größe", True),
    ],
)
def test_a_uri_matches_the_templates_that_it_could_come_from(
    template: str, uri: str, expected: bool
) -> None:
    assert Uri(uri).matches(parse(template)) is expected


values = st.text(st.characters(exclude_characters="/{}", codec="utf-8"), min_size=1, max_size=8)


@given(st.lists(values, min_size=1, max_size=4))
def test_every_simple_expansion_matches(parts: list[str]) -> None:
    template = "x://h/" + "/".join(f"{{v{n}}}" for n in range(len(parts)))
    assert Uri("x://h/" + "/".join(parts)).matches(parse(template))


def expansions(template: str) -> "re.Pattern[str]":
    """The rule again, as a regular expression: short texts only."""
    literal = [re.escape(each) for each in re.split(r"\{\+?\w\}", template)]
    blank = [".+" if each[1] == "+" else "[^/]+" for each in re.findall(r"\{\+?\w\}", template)]
    return re.compile(
        "".join(a + b for a, b in itertools.zip_longest(literal, blank, fillvalue="")), re.DOTALL
    )


@given(
    st.lists(st.sampled_from(["a", "b", "/", "ab", "{x}", "{+y}"]), max_size=8).map("".join),
    st.text("ab/", max_size=12),
)
def test_it_matches_what_the_regular_expression_of_the_rule_matches(
    template: str, uri: str
) -> None:
    expected = expansions(template).fullmatch(uri) is not None
    assert Uri(uri).matches(parse(template)) is expected


def test_the_longest_uri_meets_the_longest_template_in_no_time() -> None:
    template = parse("a" + "{+a}{b}" * 290 + "!")
    uri = Uri("a" * MAX_URI)
    started = time.process_time()
    for _ in range(10):
        assert not uri.matches(template)
    assert time.process_time() - started < 1  # a step for each part and character takes 10


def test_a_longer_uri_comes_from_no_template() -> None:
    assert Uri("a" * MAX_URI).matches(parse("{a}"))
    assert not Uri("a" * (MAX_URI + 1)).matches(parse("{a}"))
