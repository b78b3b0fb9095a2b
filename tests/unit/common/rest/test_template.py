"""The URL of a REST operation: what can be one, and how arguments fill it."""

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.rest.template import fill, parse
from mcpgateway.common.strict_json import Located

USER = parse("https://api.example.com:8443/v1/users/{id}/posts?sort={sort}&page=1")

_scalars = st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False)


def filled(url: str, **arguments: Any) -> tuple[str, list[Located]]:
    problems: list[Located] = []
    return fill(parse(url), arguments, problems), problems


def test_a_url_knows_its_arguments_and_its_own_parameters() -> None:
    assert USER.names == {"id", "sort"}
    assert USER.query_keys == {"sort", "page"}
    assert (USER.base, USER.host) == ("https://api.example.com:8443", "api.example.com")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://a.example/", "http:// or https://"),
        ("/v1/users", "http:// or https://"),
        ("https://{host}/", "in its host"),
        ("https://a.example:{port}/", "not valid|in its host"),
        ("https://user:pw@a.example/", "user name"),
        ("https://a.example/#top", "fragment"),
        ("https://a.example/a b", "percent-encoded"),
        ("https://a.example/{a b}", "percent-encoded|brace"),
        ("https://a.example/{a}}", "brace"),
        ("https://a.example/?q={+a}", "its place is the path"),
        ("https://a.example:99999/", "not valid"),
        ("https://a.example/" + "a" * 9000, "characters"),
    ],
)
def test_a_url_that_can_not_be_called_is_refused_with_the_reason(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse(url)


def test_arguments_are_percent_encoded_into_their_places() -> None:
    target, problems = filled("https://a.example/f/{p}/x?q={q}", p="a/b?c#d é", q="1&r=2")
    assert not problems
    assert target == "/f/a%2Fb%3Fc%23d%20%C3%A9/x?q=1%26r%3D2"


def test_an_argument_that_is_missing_is_told_so_wherever_its_place_is() -> None:
    _, problems = filled("https://a.example/f/{p}?q={q}")
    told = "is missing: it is a part of the URL"
    assert problems == [Located("/p", told), Located("/q", told)]


@given(st.dictionaries(st.sampled_from(["id", "sort"]), _scalars, min_size=2))
def test_no_argument_gets_out_of_its_place(arguments: dict[str, Any]) -> None:
    problems: list[Located] = []
    target = fill(USER, arguments, problems)
    if problems:
        return
    parts = urlsplit("https://api.example.com" + target)
    steps = parts.path.split("/")
    assert [*steps[:3], *steps[4:]] == ["", "v1", "users", "posts"]
    assert len(steps) == 5
    assert not {".", ".."} & {unquote(step) for step in steps}
    assert parts.fragment == ""
    assert len(parts.query.split("&")) == 2
    assert parts.query.startswith("sort=")
    assert parts.query.endswith("&page=1")
    assert target.isascii()
    assert target.isprintable()


@pytest.mark.parametrize(
    "value",
    ["..", ".", "../admin", "a/../b", "a\\..\\b", "", "a\nb", "\x00", "\ud800", None, [], {}],
)
def test_what_would_make_another_path_is_refused(value: Any) -> None:
    _, problems = filled("https://a.example/users/{id}", id=value)
    assert [each.pointer for each in problems] == ["/id"]


def test_dots_that_meet_fixed_text_are_refused_as_a_step() -> None:
    assert filled("https://a.example/x/{a}{b}/y", a=".a", b="b")[1] == []
    assert filled("https://a.example/x/.{a}/y", a="a")[1] == []
    _, problems = filled("https://a.example/x/%2e{a}", a="x")
    assert problems == []
    assert filled("https://a.example/x/{a}{b}", a="-", b=".")[1] != []


def test_an_argument_may_be_several_steps_where_the_url_says_so() -> None:
    problems: list[Located] = []
    assert fill(parse("https://a.example/{+path}/raw"), {"path": "a b/c?d"}, problems) == (
        "/a%20b/c%3Fd/raw"
    )
    assert problems == []


@pytest.mark.parametrize("value", ["/a", "a//b", "a/", "a/../b", ".", "", [], ["a", "../b"]])
def test_several_steps_are_no_way_out_of_the_path(value: Any) -> None:
    problems: list[Located] = []
    fill(parse("https://a.example/x/{+path}"), {"path": value}, problems)
    assert [each.pointer for each in problems] == ["/path"]
