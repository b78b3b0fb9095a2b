"""Credentials in query strings: told apart from header lines, and put where they belong."""

from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.query_credentials import parameter, told_apart, with_query

texts = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=20)


@given(texts, texts, st.sampled_from(("https://x.example/mcp", "http://x.example/a?b=c")))
def test_what_was_given_arrives_as_it_is_and_the_urls_own_query_stays(
    name: str, value: str, url: str
) -> None:
    made = with_query(url, told_apart([parameter(name, value)]).query)
    assert parse_qsl(urlsplit(made).query)[-1] == (name, value)
    assert made.startswith(url)


def test_header_lines_and_parameters_are_told_apart() -> None:
    told = told_apart([("X-Key", "a"), parameter("key", "b")])
    assert told.headers == (("X-Key", "a"),)
    assert told.query == (("key", "b"),)


def test_a_url_without_parameters_stays_the_very_same() -> None:
    assert with_query("https://x.example/mcp?", ()) == "https://x.example/mcp?"
