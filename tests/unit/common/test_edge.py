"""What services believe of a forwarded request."""

import pytest

from mcpgateway.common import edge
from mcpgateway.common.edge import Line, Told

SECRET = b"shown by data planes"
BY_EDGE = (edge.HEADER, SECRET)


def test_only_the_secret_shown_once_makes_the_edge() -> None:
    assert edge.trusted([(b"host", b"x"), BY_EDGE], [SECRET])
    for shown in ([], [(edge.HEADER, b"guess")], [(edge.HEADER, b"")], [BY_EDGE, BY_EDGE]):
        assert not edge.trusted(shown, [SECRET])


def test_a_service_without_a_secret_trusts_nobody() -> None:
    assert not edge.trusted([(edge.HEADER, b"")], [b""])
    assert not edge.trusted([], [b""])
    assert not edge.trusted([BY_EDGE], [])


def test_while_the_secret_changes_either_makes_the_edge() -> None:
    for known in ([SECRET, b"next"], [b"next", SECRET]):
        assert edge.trusted([BY_EDGE], known)
    assert not edge.trusted([BY_EDGE], [b"next", b"last"])


def test_nothing_that_only_the_edge_may_say_gets_through() -> None:
    said = [(name, b"x") for name in sorted(edge.FORWARDED)]
    kept = [(b"host", b"gw"), (b"accept", b"*/*"), (b"x-request-id", b"1")]
    assert edge.stripped([BY_EDGE, *said, *kept]) == kept


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ([b"203.0.113.7"], "203.0.113.7"),
        ([b"203.0.113.7", b"10.0.0.1"], "203.0.113.7"),
        ([b"forged, 203.0.113.7", b"10.0.0.1"], "203.0.113.7"),
        ([b"forged,203.0.113.7 ,10.0.0.1"], "203.0.113.7"),
        ([], ""),
    ],
)
def test_the_client_is_who_the_last_believed_proxy_heard(chain: list[bytes], client: str) -> None:
    assert edge.told([(b"x-forwarded-for", line) for line in chain]).client == client


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], Told("http", "", "")),
        ([(b"x-forwarded-proto", b"https")], Told("https", "", "")),
        ([(b"x-forwarded-proto", b"HTTPS, http")], Told("https", "", "")),
        ([(b"x-forwarded-proto", b"javascript")], Told("http", "", "")),
        ([(b"x-forwarded-host", b"gw.example:8443")], Told("http", "", "gw.example:8443")),
        ([(b"x-forwarded-for", b"x" * 99)], Told("http", "x" * 45, "")),
    ],
)
def test_scheme_and_host_are_read_and_nothing_is_made_up(
    headers: list[Line], expected: Told
) -> None:
    assert edge.told(headers) == expected
