"""Which header lines go on to another service, and which come back."""

from ipaddress import ip_network

from mcpgateway.common.edge import HEADER
from mcpgateway.data_plane.edge.forward import (
    Lines,
    Trust,
    has_body,
    request_headers,
    response_headers,
)
from support.exchange import RecordingExchange

TRUST = Trust("secret", (ip_network("10.0.0.0/8"), ip_network("fd00::/8")))


def sent(headers: Lines, peer: str = "192.0.2.1") -> Lines:
    exchange = RecordingExchange("GET", "/x", headers, peer=(peer, 5000))
    return request_headers(exchange, TRUST)


def test_end_to_end_headers_stay_in_order_with_repeats() -> None:
    lines = [(b"cookie", b"a"), (b"accept", b"*/*"), (b"cookie", b"b")]
    assert sent([*lines, (b"host", b"gw")])[:3] == lines


def test_hop_by_hop_headers_and_those_that_connection_names_stay_behind() -> None:
    kept = {
        name
        for name, _ in sent(
            [
                (b"connection", b"close, X-Hop"),
                (b"x-hop", b"1"),
                (b"transfer-encoding", b"chunked"),
                (b"te", b"trailers"),
                (b"upgrade", b"websocket"),
                (b"expect", b"100-continue"),
            ]
        )
    }
    assert kept == {b"x-forwarded-for", b"x-forwarded-proto", HEADER}


def test_a_peers_own_forwarded_headers_are_overwritten() -> None:
    lines = sent([(b"x-forwarded-for", b"1.1.1.1"), (b"x-real-ip", b"1.1.1.1"), (b"host", b"gw")])
    assert dict(lines) == {
        b"x-forwarded-for": b"192.0.2.1",
        b"x-forwarded-proto": b"http",
        b"x-forwarded-host": b"gw",
        HEADER: b"secret",
    }


def test_a_trusted_proxys_forwarded_headers_are_kept_and_it_is_added() -> None:
    for peer in ("10.1.2.3", "fd00::1"):
        lines = sent([(b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-host", b"public")], peer)
        chain = [value for name, value in lines if name == b"x-forwarded-for"]
        assert chain == [b"1.1.1.1", peer.encode()]
        assert dict(lines)[b"x-forwarded-host"] == b"public"


def test_nobody_else_can_name_the_edge() -> None:
    lines = sent([(HEADER, b"guess")])
    assert [value for name, value in lines if name == HEADER] == [b"secret"]


def test_an_answers_hop_by_hop_headers_stay_behind() -> None:
    lines = [(b"connection", b"x-hop"), (b"x-hop", b"1"), (b"set-cookie", b"a"), (b"etag", b"e")]
    assert response_headers(lines) == [(b"set-cookie", b"a"), (b"etag", b"e")]


def test_a_body_is_announced_by_length_or_by_chunks() -> None:
    assert has_body(RecordingExchange(headers=[(b"content-length", b"1")]))
    assert has_body(RecordingExchange(headers=[(b"transfer-encoding", b"chunked")]))
    assert not has_body(RecordingExchange(headers=[(b"content-length", b"0")]))
    assert not has_body(RecordingExchange())


def test_what_a_front_says_of_its_peer_is_not_passed_on() -> None:
    lines = sent([(b"x-mcpgateway-peer", b"http 1.1.1.1"), (HEADER, b"x"), (b"host", b"gw")])
    assert (b"x-mcpgateway-peer", b"http 1.1.1.1") not in lines
    assert [value for name, value in lines if name == HEADER] == [b"secret"]


def test_the_services_find_credentials_where_they_look_for_them() -> None:
    sent = [(b"x-mcp-auth", b"Bearer ours"), (b"authorization", b"Bearer of-an-upstream")]
    trust = Trust("secret", header=b"x-mcp-auth")
    lines = request_headers(RecordingExchange("GET", "/tools", sent), trust)
    assert [value for name, value in lines if name == b"authorization"] == [b"Bearer ours"]
    assert all(name != b"x-mcp-auth" for name, _ in lines)
