"""Tickets of forms: good in one browser, for one purpose, for a while."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.seal import Sealer
from mcpgateway.control_plane.identity.oauth_server.tickets import LIFE, Purpose, Tickets

NOW = datetime(2026, 11, 22, tzinfo=UTC)
ABOUT = {"email": "ann@example.com"}


@pytest.fixture
def tickets() -> Tickets:
    return Tickets(Sealer((bytes(32),)), lambda size: bytes(size))


def test_a_ticket_says_what_it_was_made_about(tickets: Tickets) -> None:
    text = tickets.make("consent", "secret", ABOUT, NOW)
    assert tickets.read("consent", "secret", text, NOW) == ABOUT
    assert "ann" not in text


@pytest.mark.parametrize(
    ("purpose", "secret", "later"),
    [
        ("login", "secret", timedelta()),
        ("device", "secret", timedelta()),
        ("consent", "another", timedelta()),
        ("consent", "", timedelta()),
        ("consent", "secret", LIFE),
    ],
)
def test_it_says_nothing_elsewhere_or_later(
    tickets: Tickets, purpose: Purpose, secret: str, later: timedelta
) -> None:
    text = tickets.make("consent", "secret", ABOUT, NOW)
    assert tickets.read(purpose, secret, text, NOW + later) is None


@given(st.text(max_size=80))
def test_what_somebody_made_up_says_nothing(text: str) -> None:
    tickets = Tickets(Sealer((bytes(32),)), lambda size: bytes(size))
    assert tickets.read("consent", "secret", text, NOW) is None
