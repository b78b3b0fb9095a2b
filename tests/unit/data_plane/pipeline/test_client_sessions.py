"""Client sessions: any replica opens them, and knows before it serves one what changed in it."""

import asyncio
import os

import msgspec
import pytest

from mcpgateway.common.mcp.session import Session, SessionError
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.data_plane.parked.bucket import OwnStore
from mcpgateway.data_plane.parked.session_state import SessionStates
from mcpgateway.data_plane.pipeline.call import ANONYMOUS, Caller
from mcpgateway.data_plane.pipeline.client_sessions import OPENED, ClientSessions
from support.endpoint import KEYS, USER, Clock
from support.loopback import Loopback
from support.wait import until

CALLER = Caller(Subject(USER), "ann\nmcpgateway")
LARGE = b'{"experimental":{"x":"' + b"y" * 2000 + b'"},"sampling":{}}'


class Replicas:
    """Client sessions of replicas that share a store."""

    def __init__(self) -> None:
        self.office = Loopback()
        self.store = OwnStore()

    def add(self, name: str) -> ClientSessions:
        states = SessionStates(self.store, self.office.owners(name), Clock(0.0))
        return ClientSessions(KEYS.sessions, ("local", "default"), states, Clock(), os.urandom)


def create(sessions: ClientSessions, capabilities: bytes = b"{}") -> str:
    return sessions.create("s1", CALLER, "2025-11-25", capabilities, b"{}")


async def opened(sessions: ClientSessions, text: str) -> Session:
    """As a request does it: waits when it must."""
    again = asyncio.Event()
    if sessions.waits(text, "s1", CALLER, again.set):
        await again.wait()
    return sessions.open(text, "s1", CALLER)


async def end(sessions: ClientSessions, text: str) -> None:
    done = asyncio.Event()
    sessions.end(sessions.open(text, "s1", CALLER), done.set)
    await done.wait()


def test_two_sessions_are_never_the_same() -> None:
    made = Replicas().add("a")
    assert len({made.open(create(made), "s1", CALLER).id for _ in range(3)}) == 3


async def test_an_ended_session_stays_ended_when_its_opened_form_was_forgotten() -> None:
    made = Replicas().add("a")
    text = create(made)
    await end(made, text)
    for _ in range(OPENED + 1):
        made.open(create(made), "s1", CALLER)
    with pytest.raises(SessionError, match="ended"):
        made.open(text, "s1", CALLER)


def test_opening_twice_gives_the_same_session() -> None:
    made = Replicas().add("a")
    text = create(made)
    assert made.open(text, "s1", CALLER) is made.open(text, "s1", CALLER)


def test_a_session_made_here_is_never_waited_for() -> None:
    made = Replicas().add("a")
    assert not made.waits(create(made), "s1", CALLER, lambda: None)


async def test_a_session_of_another_replica_is_waited_for_once() -> None:
    replicas = Replicas()
    a, b = replicas.add("a"), replicas.add("b")
    text, again = create(a), asyncio.Event()
    assert b.waits(text, "s1", CALLER, again.set)
    await again.wait()
    assert not b.waits(text, "s1", CALLER, lambda: None)


def test_an_id_that_is_none_of_ours_is_not_waited_for() -> None:
    made = Replicas().add("a")
    assert not made.waits("nonsense", "s1", CALLER, lambda: None)


async def test_a_session_that_ended_at_one_replica_has_ended_at_all() -> None:
    replicas = Replicas()
    a, b = replicas.add("a"), replicas.add("b")
    text = create(a)
    await opened(b, text)
    await end(a, text)
    await until(lambda: ended(b, text), "it has ended where it was known")
    with pytest.raises(SessionError, match="ended"):
        await opened(replicas.add("c"), text)


def ended(sessions: ClientSessions, text: str) -> bool:
    try:
        sessions.open(text, "s1", CALLER)
    except SessionError:
        return True
    return False


async def test_capabilities_that_do_not_fit_into_the_id_are_known_to_every_replica() -> None:
    replicas = Replicas()
    a, b = replicas.add("a"), replicas.add("b")
    text = create(a, LARGE)
    assert len(text) <= 1024
    await until(lambda: a.open(text, "s1", CALLER).capabilities == LARGE, "they are stored")
    assert (await opened(b, text)).capabilities == LARGE


async def test_capabilities_that_fit_are_stored_nowhere_else() -> None:
    replicas = Replicas()
    small = msgspec.json.encode({"sampling": {}, "experimental": {"x": "y" * 250}})
    text = create(replicas.add("a"), small)
    assert (await opened(replicas.add("b"), text)).capabilities == small
    assert replicas.store._entries == {}


async def test_of_a_client_that_nobody_knows_nothing_is_stored_beside_the_id() -> None:
    replicas = Replicas()
    a, b = replicas.add("a"), replicas.add("b")
    text = a.create("s1", ANONYMOUS, "2025-11-25", LARGE, b"{}")
    create(a, LARGE)
    await until(lambda: bool(replicas.store._entries), "what came later is stored")
    assert len(replicas.store._entries) == 1
    assert b.open(text, "s1", ANONYMOUS).capabilities == b'{"sampling":{}}'
