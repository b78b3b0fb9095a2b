"""Tickets open for what they were made for, and for nothing else."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import keys, seal, tickets
from mcpgateway.common.tickets import Ticket, TicketError

RING = keys.runner_ring(("a secret of the test suite",), "local", "default")
NONCE = bytes(12)


class Command(Ticket, frozen=True):
    command: str = ""


def ticket(text: str, purpose: tickets.Purpose = "stdio", upstream: str = "u1") -> Command:
    return tickets.read(RING, purpose, upstream, text, Command)


@given(st.text(), st.floats(0, 1e12), st.text())
def test_what_was_said_is_what_is_read(upstream: str, issued: float, command: str) -> None:
    said = Command(upstream=upstream, issued=issued, command=command)
    assert ticket(tickets.make(RING, "stdio", said, NONCE), "stdio", upstream) == said


def test_a_ticket_for_one_purpose_is_none_for_another() -> None:
    text = tickets.make(RING, "watch", Ticket("u1", 1.0), NONCE)
    with pytest.raises(TicketError):
        ticket(text, "stdio")


def test_a_ticket_of_one_upstream_is_none_of_another() -> None:
    text = tickets.make(RING, "stdio", Ticket("u1", 1.0), NONCE)
    with pytest.raises(TicketError):
        ticket(text, upstream="u2")


@pytest.mark.parametrize("other", [("another secret", "local", "default"), ("s", "local", "b")])
def test_another_secret_or_group_makes_no_ticket(other: tuple[str, str, str]) -> None:
    text = tickets.make(keys.runner_ring(other[:1], *other[1:]), "stdio", Ticket("u1", 1.0), NONCE)
    with pytest.raises(TicketError):
        ticket(text)


@given(st.integers(0, 200), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at: int, by: int) -> None:
    sealed = bytearray(RING.seal(b'{"upstream":"u1","issued":1}', b"", NONCE))
    sealed[at % len(sealed)] ^= by
    with pytest.raises(TicketError):
        ticket(seal.to_text(bytes(sealed)))


@pytest.mark.parametrize("text", ["", "x", "not base64url!", "AAAA"])
def test_no_ticket_is_refused(text: str) -> None:
    with pytest.raises(TicketError):
        ticket(text)


def test_what_this_release_does_not_understand_is_refused() -> None:
    sealed = RING.seal(b'{"upstream":"u1"}', tickets._context("stdio", "u1"), NONCE)
    with pytest.raises(TicketError, match="understands"):
        ticket(seal.to_text(sealed))


def test_the_upstream_inside_must_be_the_one_outside() -> None:
    plain = msgspec.json.encode(Ticket("u2", 1.0))
    sealed = RING.seal(plain, tickets._context("stdio", "u1"), NONCE)
    with pytest.raises(TicketError, match="another upstream"):
        ticket(seal.to_text(sealed))


def test_a_ticket_has_a_limit() -> None:
    with pytest.raises(ValueError, match="32768"):
        tickets.make(RING, "stdio", Command("u1", 1.0, "x" * tickets.MOST_BYTES), NONCE)
    assert "32768" not in tickets.make(RING, "stdio", Command("u1", 1.0, "x" * 30_000), NONCE)
