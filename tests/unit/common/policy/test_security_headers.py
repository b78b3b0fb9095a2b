"""What browsers are told about an answer."""

import pytest

from mcpgateway.common.policy.security_headers import SecurityHeaders

HSTS = b"strict-transport-security"


@pytest.mark.parametrize(
    ("scheme", "host", "said"),
    [
        ("https", "gateway.example", True),
        ("https", "gateway.example:8443", True),
        ("http", "gateway.example", False),
        ("https", "localhost:4444", False),
        ("https", "127.0.0.1:4444", False),
        ("https", "[::1]:4444", False),
        ("https", "me.localhost", False),
    ],
)
def test_https_is_asked_for_where_it_was_used_and_never_of_this_machine(
    scheme: str, host: str, said: bool
) -> None:
    assert (HSTS in dict(SecurityHeaders().lines(scheme, host))) is said


def test_frames_are_forbidden_in_both_ways_that_browsers_read() -> None:
    assert dict(SecurityHeaders().lines("http", "x"))[b"x-frame-options"] == b"DENY"
    assert SecurityHeaders().policy("a b").endswith("; frame-ancestors 'none'")
    assert SecurityHeaders(frame="SAMEORIGIN").policy("a b").endswith("; frame-ancestors 'self'")
    assert SecurityHeaders(frame="").policy("a b") == "a b"


def test_they_can_be_left_to_a_proxy() -> None:
    assert SecurityHeaders(enabled=False).lines("https", "gateway.example") == ()
