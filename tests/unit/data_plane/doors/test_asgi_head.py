"""What a head over HTTP/2 or HTTP/3 must be: as strict as over HTTP/1.1."""

from typing import Any

import pytest

from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.common.runtime.http.request_head import Refused
from mcpgateway.data_plane.doors.asgi_head import read_head
from support.asgi import http_scope

LIMITS = ServerLimits(header_bytes=500, header_count=5, target_bytes=20)


def refused(scope: dict[str, Any]) -> int:
    with pytest.raises(Refused) as caught:
        read_head(scope, LIMITS)
    return caught.value.status


def test_a_head_is_what_the_client_sent() -> None:
    head = read_head(http_scope("/a%20b?c=d", (b"Accept", b"x"), (b"content-length", b"3")), LIMITS)
    assert (head.method, head.target) == ("POST", b"/a%20b?c=d")
    assert (head.path, head.query) == ("/a%20b", "c=d")
    assert head.headers[1:] == [(b"accept", b"x"), (b"content-length", b"3")]
    assert (head.scheme, head.peer, head.declared) == ("https", ("127.0.0.1", 50_000), 3)


def test_requests_of_one_connection_share_what_is_kept() -> None:
    state: dict[str, Any] = {"kept": {}}
    first = read_head(http_scope(state=dict(state)), LIMITS)
    first.kept["caller"] = "ann"
    assert read_head(http_scope(state=dict(state)), LIMITS).kept == {"caller": "ann"}


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        (http_scope("/" + "a" * 20), 414),
        (http_scope("/", *[(b"x%d" % n, b"") for n in range(5)]), 431),
        (http_scope("/", (b"x", b"y" * 500)), 431),
        (http_scope("/", (b"x", b"a\0b")), 400),
        (http_scope("/", (b"x", b"a\nb")), 400),
        (http_scope("/", (b"x\r", b"a")), 400),
        (http_scope(headers=[]), 400),
        (http_scope(headers=[(b"host", b"")]), 400),
        (http_scope("/", (b"host", b"other")), 400),
        (http_scope(headers=[(b"host", b"a/b")]), 400),
        (http_scope("/", (b"authorization", b"a"), (b"authorization", b"b")), 400),
        (http_scope("/", (b"origin", b"a"), (b"origin", b"a")), 400),
        (http_scope("/", (b"content-length", b"1"), (b"content-length", b"1")), 400),
        (http_scope("/", (b"content-length", b"-1")), 400),
        (http_scope("/", (b"content-length", b"9" * 19)), 400),
        (http_scope("a"), 400),
        (http_scope("http://b/"), 400),
        (http_scope("*"), 400),
        (http_scope("/a#b"), 400),
        (http_scope("/a HTTP/1.1"), 400),
        (http_scope("/a\tb"), 400),
        (http_scope("/", method="G ET"), 400),
        (http_scope("/", method="GET\tX"), 400),
        (http_scope("/", method=""), 400),
        (http_scope("/", (b"transfer-encoding ", b"chunked")), 400),
        (http_scope("/", (b"x:y", b"a")), 400),
        (http_scope("/", (b"", b"a")), 400),
        (http_scope("/\u00e9"), 400),
        (http_scope(method="CONNECT"), 501),
    ],
)
def test_a_bad_head_is_refused_as_over_http_1_1(scope: dict[str, Any], status: int) -> None:
    assert refused(scope) == status


def test_the_asterisk_is_a_target_of_options() -> None:
    assert read_head(http_scope("*", method="OPTIONS"), LIMITS).path == "*"


@pytest.mark.parametrize(
    ("method", "version", "known", "marked"),
    [
        ("POST", "2", False, True),
        ("PUT", "3", False, True),
        ("POST", "2", True, False),
        ("GET", "2", False, False),
        ("POST", "1.1", False, False),
    ],
)
def test_a_body_of_unknown_length_is_marked_as_http_1_1_marks_it(
    method: str, version: str, known: bool, marked: bool
) -> None:
    length = [(b"content-length", b"3")] if known else []
    head = read_head(http_scope("/", *length, method=method, http_version=version), LIMITS)
    assert ((b"transfer-encoding", b"chunked") in head.headers) is marked
