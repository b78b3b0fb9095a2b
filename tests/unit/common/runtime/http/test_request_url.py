import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.runtime.http import request_url
from mcpgateway.common.runtime.http.client import Origin


@pytest.mark.parametrize(
    ("url", "origin", "target", "host"),
    [
        ("http://a", Origin("http", "a", 80), "/", b"a"),
        ("https://a/x?y=z", Origin("https", "a", 443), "/x?y=z", b"a"),
        ("http://a:8080/x#part", Origin("http", "a", 8080), "/x", b"a:8080"),
        ("https://a:443/", Origin("https", "a", 443), "/", b"a"),
        ("http://[::1]:9/x", Origin("http", "::1", 9), "/x", b"[::1]:9"),
        ("HTTP://A.Example/%20", Origin("http", "a.example", 80), "/%20", b"a.example"),
        (
            "http://b\u00fccher.example/",
            Origin("http", "b\u00fccher.example", 80),
            "/",
            b"xn--bcher-kva.example",
        ),
    ],
)
def test_a_url_is_an_origin_a_target_and_a_host(
    url: str, origin: Origin, target: str, host: bytes
) -> None:
    assert request_url.split(url) == (origin, target)
    assert request_url.host_value(origin) == host


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a",
        "/x",
        "ftp://a/",
        "http://",
        "http:///x",
        "http://a:99999/",
        "http://u:p@a/",
        "http://a/with space",
        "http://a/é",
        "http://[::1/",
        "http://a/\x7f",
    ],
)
def test_these_urls_are_refused(url: str) -> None:
    with pytest.raises(InvalidCall):
        request_url.split(url)


def test_a_refusal_of_credentials_in_a_url_does_not_repeat_them() -> None:
    with pytest.raises(InvalidCall) as raised:
        request_url.split("http://user:hunter2@a/")
    assert "hunter2" not in raised.value.message


def test_the_head_has_a_host_unless_one_is_given() -> None:
    origin = Origin("http", "a", 80)
    assert request_url.request_head("GET", "/", origin, []) == b"GET / HTTP/1.1\r\nhost: a\r\n"
    given_host = request_url.request_head("GET", "/", origin, [(b"host", b"b")])
    assert given_host == b"GET / HTTP/1.1\r\nhost: b\r\n"


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_no_header_can_add_a_line(name: bytes, value: bytes) -> None:
    try:
        head = request_url.request_head("GET", "/", Origin("http", "a", 80), [(name, value)])
    except InvalidCall:
        return
    assert head.count(b"\n") == head.count(b"\r") == head.count(b"\r\n")
    assert head.endswith(name + b": " + value + b"\r\n")


@pytest.mark.parametrize("method", ["", "GET /", "GET\r\n", "G:T"])
def test_a_method_is_a_token(method: str) -> None:
    with pytest.raises(InvalidCall):
        request_url.request_head(method, "/", Origin("http", "a", 80), [])


@pytest.mark.parametrize("name", [b"content-length", b"transfer-encoding"])
def test_framing_is_not_the_caller_s_to_set(name: bytes) -> None:
    with pytest.raises(InvalidCall):
        request_url.request_head("POST", "/", Origin("http", "a", 80), [(name, b"1")])
