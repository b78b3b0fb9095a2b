"""Which URL and which peer a request is seen with, and whose word about that counts."""

from ipaddress import ip_network

import pytest

from mcpgateway.common import edge
from mcpgateway.data_plane.edge.client_view import Seen
from support.exchange import RecordingExchange

SECRET = b"a-secret-of-the-edge"
SEEN = Seen(
    proxies=(ip_network("10.0.0.0/8"),),
    user_header=b"x-authenticated-user",
    front_secrets=(SECRET,),
)
FORWARDED = [(b"x-forwarded-proto", b"https"), (b"x-forwarded-host", b"gw.example.com")]
USER = (b"x-authenticated-user", b"ann@example.com")


def request(*lines: tuple[bytes, bytes], peer: str = "192.0.2.1") -> RecordingExchange:
    return RecordingExchange(headers=[(b"host", b"Localhost:4444"), *lines], peer=(peer, 1))


def test_the_address_is_what_the_request_names() -> None:
    assert SEEN.base(request()) == "http://localhost:4444"


def test_a_configured_address_is_the_one_whatever_a_request_names() -> None:
    seen = Seen("https://gw.example.com/mcp")
    assert seen.base(request(*FORWARDED)) == "https://gw.example.com/mcp"


def test_forwarded_headers_are_believed_of_a_proxy_that_is_named_and_of_nobody_else() -> None:
    assert SEEN.base(request(*FORWARDED, peer="10.1.2.3")) == "https://gw.example.com"
    assert SEEN.base(request(*FORWARDED)) == "http://localhost:4444"


@pytest.mark.parametrize(
    "host", [b"", b'evil"', b"a b", b"host/path", b"user@host", b"host:port", b"\xff"]
)
def test_a_host_that_is_none_makes_no_address(host: bytes) -> None:
    exchange = RecordingExchange(headers=[(b"host", host)])
    assert SEEN.base(exchange) == ""


def test_a_front_says_who_its_peer_is_with_the_secret_and_not_without() -> None:
    told = (edge.PEER, edge.peer_value("203.0.113.9", "https"))
    assert SEEN.peer(request(told, (edge.HEADER, SECRET))) == ("203.0.113.9", "https")
    assert SEEN.peer(request(told, (edge.HEADER, b"wrong"))) == ("192.0.2.1", "http")
    assert SEEN.peer(request(told)) == ("192.0.2.1", "http")


def test_a_caller_is_named_by_a_proxy_that_is_believed_and_by_nobody_else() -> None:
    lines = {USER[0]: USER[1]}
    assert SEEN.user(request(USER, peer="10.1.2.3"), lines) == "ann@example.com"
    assert SEEN.user(request(USER), lines) == ""
    assert Seen(proxies=SEEN.proxies).user(request(USER, peer="10.1.2.3"), lines) == ""
