"""The first words over a tunnel, and who gets its seat."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.tunnel import greeting
from mcpgateway.common.tunnel.greeting import Hello, Seat, Welcome
from mcpgateway.common.tunnel.link import LinkError

_NAMES = st.text("0123456789abcdef", min_size=32, max_size=32)
RUN, OTHER, LINK, NEXT = (letter * 32 for letter in "abcd")


@given(_NAMES, _NAMES | st.just(""), st.integers(0, 2**53))
def test_a_hello_is_read_as_it_was_written(run: str, link: str, received: int) -> None:
    hello = Hello(run, link, received)

    assert greeting.read_hello(greeting.write(hello)) == hello


@given(_NAMES, st.integers(0, 2**53))
def test_a_welcome_is_read_as_it_was_written(link: str, received: int) -> None:
    welcome = Welcome(link, received)

    assert greeting.read_welcome(greeting.write(welcome)) == welcome


@pytest.mark.parametrize(
    ("seat", "hello", "verdict"),
    [
        (None, Hello(RUN), "begin"),
        (None, Hello(RUN, LINK, 7), "begin"),
        (Seat(RUN, LINK, connected=False), Hello(RUN, LINK, 7), "resume"),
        (Seat(RUN, LINK, connected=True), Hello(RUN, LINK, 7), "resume"),
        (Seat(RUN, LINK, connected=True), Hello(RUN, NEXT), "begin"),
        (Seat(RUN, LINK, connected=True), Hello(RUN), "begin"),
        (Seat(RUN, LINK, connected=False), Hello(OTHER, LINK, 7), "begin"),
        (Seat(RUN, LINK, connected=True), Hello(OTHER), "busy"),
    ],
)
def test_who_may_have_a_tunnel(seat: Seat | None, hello: Hello, verdict: str) -> None:
    assert greeting.verdict(seat, hello) == verdict


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"{}",
        b'{"type":"welcome","link":"%b"}' % LINK.encode(),
        b'{"type":"hello","run":"short"}',
        b'{"type":"hello","run":"%b","received":-1}' % RUN.encode(),
        b'{"type":"hello","run":"%b","link":"x"}' % RUN.encode(),
        b'{"type":"hello","run":"%b","more":"%b"}' % (RUN.encode(), b"x" * 1024),
    ],
)
def test_what_is_no_hello_is_refused(message: bytes) -> None:
    with pytest.raises(LinkError, match="greeting"):
        greeting.read_hello(message)


def test_another_version_is_told_which_is_served() -> None:
    with pytest.raises(LinkError, match="version 1 are served here, not 2"):
        greeting.read_hello(greeting.write(Hello(RUN, version=2)))
