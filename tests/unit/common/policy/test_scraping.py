from ipaddress import ip_network

import pytest

from mcpgateway.common.policy.scraping import Scraping

LOOPBACK = Scraping((ip_network("127.0.0.0/8"), ip_network("::1/128")), "a-token")
TOKEN = ((b"authorization", b"Bearer a-token"),)


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1"])
def test_a_peer_in_the_networks_may_read(peer: str) -> None:
    assert LOOPBACK.allows(peer, ())


@pytest.mark.parametrize("peer", ["192.0.2.1", "2001:db8::1", "", "unix:"])
def test_another_may_not(peer: str) -> None:
    assert not LOOPBACK.allows(peer, ())


@pytest.mark.parametrize(
    "name", [b"x-forwarded-for", b"forwarded", b"via", b"x-real-ip", b"x-mcpgateway-peer"]
)
def test_a_near_proxy_does_not_make_its_clients_near(name: bytes) -> None:
    assert not LOOPBACK.allows("127.0.0.1", ((name, b"127.0.0.1"),))


def test_who_has_the_token_may_read_from_anywhere() -> None:
    assert LOOPBACK.allows("192.0.2.1", TOKEN)
    assert LOOPBACK.allows("127.0.0.1", ((b"via", b"x"), *TOKEN))


@pytest.mark.parametrize("value", [b"Bearer other", b"a-token", b"Basic a-token", b"Bearer "])
def test_another_token_is_none(value: bytes) -> None:
    assert not LOOPBACK.allows("192.0.2.1", ((b"authorization", value),))


def test_without_a_token_none_is_right() -> None:
    assert not Scraping(()).allows("127.0.0.1", ((b"authorization", b"Bearer "),))
