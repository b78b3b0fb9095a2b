"""One replica's memory of client sessions: bounded, and only of what ended."""

import os

import pytest

from mcpgateway.common.mcp.session import Session, SessionError
from mcpgateway.data_plane.pipeline.call import Caller
from mcpgateway.data_plane.pipeline.client_sessions import OPENED, ClientSessions
from support.endpoint import KEYS, USER, Clock

CALLER = Caller(USER, "ann\nmcpgateway")


def sessions() -> ClientSessions:
    return ClientSessions(KEYS.sessions, ("local", "default"), Clock(), os.urandom)


def test_two_sessions_are_never_the_same() -> None:
    made = sessions()
    texts = {made.create("s1", CALLER, "2025-11-25", b"{}", b"{}") for _ in range(3)}
    assert len({made.open(text, "s1", CALLER).id for text in texts}) == 3


def test_an_ended_session_stays_ended_when_its_opened_form_was_forgotten() -> None:
    made = sessions()
    text = made.create("s1", CALLER, "2025-11-25", b"{}", b"{}")
    made.end(made.open(text, "s1", CALLER))
    for _ in range(OPENED + 1):
        other = made.create("s1", CALLER, "2025-11-25", b"{}", b"{}")
        made.open(other, "s1", CALLER)
    with pytest.raises(SessionError, match="ended"):
        made.open(text, "s1", CALLER)


def test_opening_twice_gives_the_same_session() -> None:
    made = sessions()
    text = made.create("", CALLER, "2025-06-18", b"{}", b"{}")
    first: Session = made.open(text, "", CALLER)
    assert made.open(text, "", CALLER) is first
