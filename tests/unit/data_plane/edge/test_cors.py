"""Pages of the origins that are listed may read; what they may read is said to nobody else."""

import pytest

from mcpgateway.data_plane.edge.cors import make_cors
from support.exchange import RecordingExchange

PAGE = (b"origin", b"https://app.example.com")
LISTED = make_cors(["https://APP.example.com/"], credentials=True, loopback=False)
ALLOW, CREDENTIALS = b"access-control-allow-origin", b"access-control-allow-credentials"


def request(*lines: tuple[bytes, bytes], method: str = "POST") -> RecordingExchange:
    return RecordingExchange(method, headers=lines)


def test_a_request_without_an_origin_gets_nothing_more() -> None:
    assert LISTED.lines(request()) == ()
    assert LISTED.preflight(request(method="OPTIONS")) is None


def test_a_listed_page_may_read_the_headers_that_mcp_needs() -> None:
    said = dict(LISTED.lines(request(PAGE)))
    assert said[ALLOW] == PAGE[1]
    assert said[CREDENTIALS] == b"true"
    assert said[b"vary"] == b"Origin"
    exposed = said[b"access-control-expose-headers"]
    for name in (b"Mcp-Session-Id", b"MCP-Protocol-Version", b"WWW-Authenticate"):
        assert name in exposed


def test_another_page_may_not_read() -> None:
    assert dict(LISTED.lines(request((b"origin", b"https://evil.example")))) == {b"vary": b"Origin"}


def test_any_page_may_read_without_cookies_where_any_is_listed() -> None:
    said = dict(make_cors(["*"], credentials=True, loopback=False).lines(request(PAGE)))
    assert said[ALLOW] == PAGE[1]
    assert CREDENTIALS not in said


def test_pages_of_this_machine_may_read_a_gateway_of_this_machine_without_cookies() -> None:
    cors = make_cors([], credentials=True, loopback=True)
    said = dict(cors.lines(request((b"origin", b"http://localhost:6274"))))
    assert said[ALLOW] == b"http://localhost:6274"
    assert CREDENTIALS not in said


def preflight(asked: bytes) -> dict[bytes, bytes]:
    exchange = request(
        PAGE,
        (b"access-control-request-method", b"POST"),
        (b"access-control-request-headers", asked),
        method="OPTIONS",
    )
    return dict(LISTED.preflight(exchange) or ())


def test_a_preflight_allows_the_headers_that_are_asked_for() -> None:
    asked = b"authorization,content-type,mcp-param-region"
    assert preflight(asked)[b"access-control-allow-headers"] == asked
    assert b"POST" in preflight(asked)[b"access-control-allow-methods"]


@pytest.mark.parametrize("asked", [b"a\x00b", b"x" * 5000, b'a"b', b"a\xffb"])
def test_header_names_that_are_none_are_not_repeated(asked: bytes) -> None:
    assert b"access-control-allow-headers" not in preflight(asked)


def test_options_without_the_words_of_a_preflight_is_none() -> None:
    assert LISTED.preflight(request(PAGE, method="OPTIONS")) is None
