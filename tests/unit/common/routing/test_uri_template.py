"""A URI that a template expands to matches it, and matching takes no longer than it should."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.uri_template import matches, parse


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
    assert matches(parse(template), uri) is expected


values = st.text(st.characters(exclude_characters="/{}", codec="utf-8"), min_size=1, max_size=8)


@given(st.lists(values, min_size=1, max_size=4))
def test_every_simple_expansion_matches(parts: list[str]) -> None:
    template = "x://h/" + "/".join(f"{{v{n}}}" for n in range(len(parts)))
    assert matches(parse(template), "x://h/" + "/".join(parts))


def test_a_hostile_template_costs_no_more_than_its_parts_times_the_uri() -> None:
    template = parse("{+a}" * 50 + "!")
    assert not matches(template, "a" * 2000)  # exponential backtracking would never end
