"""The guard against DNS rebinding."""

import pytest

from mcpgateway.data_plane.edge.origin import OriginPolicy, make_policy
from support.exchange import RecordingExchange


def refused(policy: OriginPolicy, host: str, origin: str | None = None) -> bool:
    headers = [(b"host", host.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    return policy.problem(RecordingExchange(headers=headers)) is not None


@pytest.mark.parametrize("host", ["localhost:4444", "127.0.0.1:4444", "[::1]:4444", "a.localhost"])
def test_a_loopback_gateway_answers_loopback_names(host: str) -> None:
    assert not refused(make_policy("127.0.0.1", ()), host)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.example:4444", None),
        ("evil.example:4444", "http://evil.example:4444"),
        ("localhost:4444", "http://evil.example"),
        ("localhost:4444", "null"),
        ("127.0.0.1.evil.example", None),
        ("", None),
    ],
)
def test_a_loopback_gateway_refuses_foreign_names_and_pages(host: str, origin: str | None) -> None:
    assert refused(make_policy("127.0.0.1", ()), host, origin)


def test_a_listed_origin_is_welcome_on_loopback_with_its_own_host_name() -> None:
    policy = make_policy("localhost", ("https://Gateway.example.com/",))
    assert not refused(policy, "gateway.example.com", "https://gateway.example.com")
    assert refused(policy, "gateway.example.com", "https://other.example.com")


def test_a_public_gateway_checks_origins_only_when_some_are_listed() -> None:
    assert not refused(make_policy("0.0.0.0", ()), "gw.example.com", "https://any.example")
    listed = make_policy("0.0.0.0", ("https://app.example.com",))
    assert not refused(listed, "gw.example.com", "https://app.example.com")
    assert not refused(listed, "gw.example.com")
    assert refused(listed, "gw.example.com", "https://any.example")


def test_a_star_lets_everybody_in() -> None:
    assert not refused(make_policy("127.0.0.1", ("*",)), "evil.example", "http://evil.example")
