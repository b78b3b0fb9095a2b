"""Sealed session ids: good for one server and one principal, for a day, and never too long."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.mcp.session import (
    LIFETIME,
    MAX_ID,
    Scope,
    Session,
    SessionError,
    open_session,
    seal_session,
)
from mcpgateway.common.seal import Sealer

NOW = 1_800_000_000
SEALER = Sealer((b"k" * 32,))
NONCE = b"n" * 12
SCOPE = Scope("local", "default", "s1", "ann@example.com\nmcpgateway")
SESSION = Session("0" * 24, "2025-11-25", NOW, b'{"roots":{}}', b'{"name":"inspector"}')

_json = st.dictionaries(st.text(max_size=20), st.text(max_size=600), max_size=6).map(
    msgspec.json.encode
)
_sessions = st.builds(
    Session,
    id=st.text("0123456789abcdef", min_size=24, max_size=24),
    revision=st.sampled_from(["2025-11-25", "2024-11-05"]),
    issued=st.just(NOW),
    capabilities=_json,
    info=_json,
)


@given(_sessions, st.binary(min_size=12, max_size=12))
def test_an_id_is_short_visible_ascii_and_opens_to_the_agreed_session(
    session: Session, nonce: bytes
) -> None:
    text = seal_session(SEALER, SCOPE, session, nonce)
    opened = open_session(SEALER, SCOPE, text, NOW)
    assert len(text) <= MAX_ID
    assert all(0x21 <= ord(letter) <= 0x7E for letter in text)
    assert (opened.id, opened.revision, opened.issued) == (session.id, session.revision, NOW)


def test_small_capabilities_and_client_info_come_back_whole() -> None:
    text = seal_session(SEALER, SCOPE, SESSION, NONCE)
    assert open_session(SEALER, SCOPE, text, NOW) == SESSION


def test_of_capabilities_that_are_too_large_the_standard_ones_stay() -> None:
    large = msgspec.json.encode({"experimental": {"x": "y" * 2000}, "sampling": {}})
    text = seal_session(SEALER, SCOPE, msgspec.structs.replace(SESSION, capabilities=large), NONCE)
    assert open_session(SEALER, SCOPE, text, NOW).capabilities == b'{"sampling":{}}'


@pytest.mark.parametrize("field", ["cluster", "group", "server", "principal"])
def test_an_id_is_worth_nothing_in_another_scope(field: str) -> None:
    text = seal_session(SEALER, SCOPE, SESSION, NONCE)
    elsewhere = msgspec.structs.replace(SCOPE, **{field: "other"})
    with pytest.raises(SessionError):
        open_session(SEALER, elsewhere, text, NOW)


@pytest.mark.parametrize("later", [LIFETIME, LIFETIME + 1, -3600])
def test_an_id_opens_for_a_day_from_its_issue_and_not_before(later: int) -> None:
    text = seal_session(SEALER, SCOPE, SESSION, NONCE)
    with pytest.raises(SessionError, match="expired"):
        open_session(SEALER, SCOPE, text, NOW + later)


@given(st.text(max_size=1100))
def test_a_made_up_id_is_refused(text: str) -> None:
    with pytest.raises(SessionError):
        open_session(SEALER, SCOPE, text, NOW)


def test_changing_any_character_spoils_an_id() -> None:
    text = seal_session(SEALER, SCOPE, SESSION, NONCE)
    for position in (0, len(text) // 2, len(text) - 2):
        other = "A" if text[position] != "A" else "B"
        with pytest.raises(SessionError):
            open_session(SEALER, SCOPE, text[:position] + other + text[position + 1 :], NOW)
