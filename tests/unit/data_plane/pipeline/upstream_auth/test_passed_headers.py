"""Which header lines an upstream is shown, of the gateway's own and of the client's."""

import pytest

from mcpgateway.data_plane.pipeline.upstream_auth.passed_headers import shown_lines
from support.registries import upstream

OWN = ((b"authorization", b"Bearer gateway"), (b"x-key", b"k"))


def test_what_a_client_gives_for_the_upstream_takes_the_place_of_the_gateways_authorization() -> (
    None
):
    given = [(b"authorization", b"Bearer caller"), (b"x-upstream-authorization", b"Bearer mine")]
    assert shown_lines(given, upstream(), OWN) == (
        (b"x-key", b"k"),
        (b"authorization", b"Bearer mine"),
    )


@pytest.mark.parametrize(
    "name", ["Authorization", "X-Upstream-Authorization", "Cookie", "X-Mcpgateway-Edge"]
)
def test_what_a_client_shows_the_gateway_is_passed_by_no_allow_list(name: str) -> None:
    found = upstream(passthrough_headers=(name,), passthrough_overwrites=True)
    lines = shown_lines([(name.lower().encode(), b"secret")], found, ())
    assert name.lower().encode() not in dict(lines) or name == "X-Upstream-Authorization"
    if name == "X-Upstream-Authorization":
        assert lines == ((b"authorization", b"secret"),)
    else:
        assert lines == ()


def test_the_gateways_lines_win_unless_the_upstreams_record_says_otherwise() -> None:
    given = [(b"x-key", b"mine"), (b"x-trace", b"t")]
    names = ("X-Key", "X-Trace")
    assert shown_lines(given, upstream(passthrough_headers=names), OWN) == (
        *OWN,
        (b"x-trace", b"t"),
    )
    overwriting = upstream(passthrough_headers=names, passthrough_overwrites=True)
    assert shown_lines(given, overwriting, OWN) == (
        (b"authorization", b"Bearer gateway"),
        (b"x-key", b"mine"),
        (b"x-trace", b"t"),
    )


def test_the_header_that_carries_tokens_for_the_gateway_is_passed_by_no_allow_list() -> None:
    found = upstream(passthrough_headers=("X-Gate", "X-Trace"), passthrough_overwrites=True)
    given = [(b"x-gate", b"Bearer caller"), (b"x-trace", b"t")]
    assert shown_lines(given, found, (), b"x-gate") == ((b"x-trace", b"t"),)


def test_without_an_allow_list_nothing_is_passed() -> None:
    assert shown_lines([(b"x-trace", b"t")], upstream(), OWN) is OWN
