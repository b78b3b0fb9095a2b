"""A request is made of arguments: each in its place, none anywhere else."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.rest.building import BadArguments, Built, build, operation
from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.common.strict_json import Unreadable

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def built(arguments: Any, url: str = "https://a.example/v1/{id}", **more: Any) -> Built:
    raw = arguments if isinstance(arguments, bytes) else json.dumps(arguments).encode()
    return build(operation(RestRequest(url=url, **more)), raw)


def problems(arguments: Any, url: str = "https://a.example/v1/{id}", **more: Any) -> list[str]:
    with pytest.raises(BadArguments) as caught:
        built(arguments, url, **more)
    return [str(each) for each in caught.value.problems]


def test_the_rest_of_a_post_is_its_json_body() -> None:
    made = built(b'{"id": 7, "n": 1.10, "big": 123456789012345678901234567890}')
    assert made.target == "/v1/7"
    assert made.body == b'{"n":1.10,"big":123456789012345678901234567890}'
    assert made.media_type == "application/json"


def test_the_rest_of_a_get_is_its_query() -> None:
    made = built({"id": "a", "q": "x y", "tags": ["b", 1], "no": None, "o": {"k": 1}}, method="GET")
    assert made.target == "/v1/a?q=x%20y&tags=b&tags=1&o=%7B%22k%22%3A1%7D"
    assert made.body == b""


def test_mappings_say_where_arguments_go_and_under_which_name() -> None:
    made = built(
        {"id": 1, "page": 2, "trace": "t"},
        query_mapping={"page": "p"},
        header_mapping={"trace": "X-Trace"},
    )
    assert (made.target, made.body) == ("/v1/1?p=2", b"{}")
    assert made.argued == ((b"x-trace", b"t"),)


def test_a_form_is_sent_where_the_tool_says_so() -> None:
    made = built({"id": 1, "a": "b&c", "d": True}, headers=FORM)
    assert made.body == b"a=b%26c&d=true"


def test_no_argument_sets_a_parameter_that_the_url_sets() -> None:
    url = "https://a.example/v1?scope=read"
    assert "scope" in problems({"scope": "admin"}, url, method="GET")[0]
    assert built({"x": 1}, url, method="GET").target == "/v1?scope=read&x=1"


@pytest.mark.parametrize("value", ["a\r\nHost: evil", "a\nb", "\x00", "\x7f", "a" * 5000, [[]], {}])
def test_a_header_takes_one_line_of_bounded_length(value: Any) -> None:
    said = problems({"id": 1, "h": value}, header_mapping={"h": "X-H"})
    assert said[0].startswith("/h: ")


def test_all_that_is_wrong_is_told_at_once() -> None:
    said = problems({"h": "\n"}, header_mapping={"h": "X-H"})
    assert [each.split(":")[0] for each in said] == ["/id", "/h"]


def test_duplicate_keys_are_refused() -> None:
    with pytest.raises(Unreadable, match="/id: duplicate key"):
        built(b'{"id":1,"id":2}')


@pytest.mark.parametrize("raw", [b"[]", b"1", b"null"])
def test_arguments_are_an_object(raw: bytes) -> None:
    assert problems(raw) == ["must be an object"]


def test_a_url_that_grows_too_long_is_refused() -> None:
    assert "8192" in problems({"id": "é" * 3000})[0]


def test_a_host_that_is_not_on_the_allowlist_is_refused() -> None:
    with pytest.raises(ValueError, match="allowlist"):
        operation(RestRequest(url="https://a.example/", allowlist=("b.example",)))
    made = operation(RestRequest(url="https://A.example/", allowlist=("a.EXAMPLE",)))
    assert made.url.host == "a.example"


def test_cookies_headers_and_paths_take_arguments_in_their_own_ways() -> None:
    made = built(
        {"id": ["a", "b,c"], "s": "x; y=1", "h": [1, "z"], "none": None},
        cookie_mapping={"s": "session", "none": "no"},
        header_mapping={"h": "X-H"},
    )
    assert made.target == "/v1/a,b%2Cc"
    assert made.cookies == (("session", "x%3B%20y%3D1"),)
    assert made.argued == ((b"x-h", b"1,z"),)
    assert "/s: holds a line break" in problems({"id": 1, "s": "\n"}, cookie_mapping={"s": "s"})[0]


def test_beside_a_body_of_one_argument_the_rest_is_query() -> None:
    made = built({"id": 1, "data": {"a": 1}, "dry": True}, body_argument="data")
    assert (made.target, made.body) == ("/v1/1?dry=true", b'{"a": 1}')


def test_without_a_body_the_rest_is_query() -> None:
    made = built({"id": 1, "a": 2}, body="none")
    assert (made.target, made.body, made.media_type) == ("/v1/1?a=2", b"", "")


def test_a_delete_sends_a_body_where_the_tool_says_so() -> None:
    made = built({"id": 1, "grace": 2}, method="DELETE", body="json")
    assert (made.target, made.body) == ("/v1/1", b'{"grace":2}')


def test_two_arguments_are_not_one_member_of_the_body() -> None:
    said = problems({"id": 1, "b": 1, "body_b": 2}, body_mapping={"body_b": "b"})
    assert said == ["/body_b: is 'b' in the body, as 'b' is"]


def test_no_argument_sets_a_parameter_that_credentials_set() -> None:
    made = operation(RestRequest(url="https://a.example/", method="GET"))
    with pytest.raises(BadArguments, match="/key: would set"):
        build(made, b'{"key":"mine"}', frozenset(("key",)))


def test_the_tool_says_what_it_accepts() -> None:
    assert (b"accept", b"text/csv") in built({"id": 1}, accept="text/csv").headers
    own = {"Accept": "image/png"}
    assert (b"accept", b"image/png") in built({"id": 1}, headers=own).headers


@given(st.dictionaries(st.text(max_size=8), _values, max_size=5))
def test_whatever_the_arguments_the_request_stays_within_its_lines(
    arguments: dict[str, Any],
) -> None:
    arguments["id"] = "x"
    for method in ("GET", "POST"):
        try:
            made = built(arguments, method=method, header_mapping={"h": "X-H"})
        except BadArguments:
            continue
        assert made.target.isascii()
        assert not set(made.target) & set(' \r\n\x00#"<>')
        parts = urlsplit("https://a.example" + made.target)
        assert parts.path == "/v1/x"
        assert all(not set(name + value) & set(b"\r\n\0") for name, value in made.argued)
        body = {key: each for key, each in arguments.items() if key not in ("id", "h")}
        if method == "POST":
            assert json.loads(made.body) == body
        else:
            sent = {key for key, _ in parse_qsl(parts.query, keep_blank_values=True)}
            assert sent <= body.keys()
