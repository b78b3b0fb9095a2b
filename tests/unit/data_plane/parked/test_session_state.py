"""What changes in a session: read once, kept true by notes, written by comparing."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest
from typing_extensions import override

from mcpgateway.common.errors import GatewayError, LimitExceeded, Unavailable
from mcpgateway.data_plane.parked.bucket import Moved, key_of
from mcpgateway.data_plane.parked.session_changes import NEW, URI_BYTES, URIS, SessionState
from mcpgateway.data_plane.parked.session_state import CAPABILITIES, KNOWN, SessionStates
from support.buckets import TestedStore
from support.endpoint import Clock
from support.loopback import Loopback
from support.wait import until

SESSION = "0123456789abcdef"
Done = Callable[[GatewayError | None], None]


class Replicas:
    """That share a store. `clock` is everybody's."""

    def __init__(self) -> None:
        self.office = Loopback()
        self.store = TestedStore()
        self.clock = Clock(0.0)

    def add(self, name: str) -> SessionStates:
        return SessionStates(self.store, self.office.owners(name), self.clock)


@pytest.fixture
def replicas() -> Replicas:
    return Replicas()


async def learn(states: SessionStates, session: str = SESSION) -> None:
    learnt = asyncio.Event()
    states.learn(session, learnt.set)
    await learnt.wait()


async def done(ask: Callable[[Done], None]) -> GatewayError | None:
    answer: asyncio.Future[GatewayError | None] = asyncio.get_running_loop().create_future()
    ask(answer.set_result)
    return await answer


async def set_level(states: SessionStates, level: str) -> GatewayError | None:
    return await done(lambda told: states.set_level(SESSION, level, told))


async def add_uri(states: SessionStates, uri: str) -> GatewayError | None:
    return await done(lambda told: states.add_uri(SESSION, uri, told))


async def end(states: SessionStates) -> None:
    ended = asyncio.Event()
    states.end(SESSION, ended.set)
    await ended.wait()


async def test_a_session_made_here_is_known_without_reading(replicas: Replicas) -> None:
    a = replicas.add("a")
    assert not a.known(SESSION)
    a.created(SESSION)
    assert (a.known(SESSION), a.state(SESSION), replicas.store.asked) == (True, NEW, [])


async def test_a_session_of_another_replica_is_read_once_for_all_who_wait(
    replicas: Replicas,
) -> None:
    a, b = replicas.add("a"), replicas.add("b")
    a.created(SESSION)
    assert await set_level(a, "error") is None
    await asyncio.gather(learn(b), learn(b), learn(b))
    assert (b.known(SESSION), b.level(SESSION)) == (True, "error")
    assert replicas.store.asked == ["put", "get"]


async def test_what_one_replica_changes_the_others_hear(replicas: Replicas) -> None:
    a, b = replicas.add("a"), replicas.add("b")
    a.created(SESSION)
    await learn(b)
    heard: list[tuple[str, SessionState]] = []
    for each in (a, b):
        each.on_change(lambda session, state: heard.append((session, state)))
    assert await add_uri(a, "memo://1") is None
    assert await add_uri(b, "memo://2") is None
    await until(lambda: a.uris(SESSION) == ("memo://1", "memo://2"), "it is heard")
    assert b.uris(SESSION) == ("memo://1", "memo://2")
    assert len(heard) == 4
    assert await done(lambda told: a.remove_uri(SESSION, "memo://1", told)) is None
    await until(lambda: b.uris(SESSION) == ("memo://2",), "it is heard")


async def test_changes_at_once_at_two_replicas_all_count(replicas: Replicas) -> None:
    a, b = replicas.add("a"), replicas.add("b")
    changes = [
        add_uri(states, f"memo://{name}/{n}")
        for n in range(20)
        for name, states in {"a": a, "b": b}.items()
    ]
    assert set(await asyncio.gather(*changes)) == {None}
    await learn(c := replicas.add("c"))
    assert len(c.uris(SESSION)) == 40
    assert replicas.store.asked.count("put") < 20  # what waits together is written together


async def test_a_change_that_changes_nothing_is_not_written(replicas: Replicas) -> None:
    a = replicas.add("a")
    assert await set_level(a, "error") is None
    replicas.store.asked.clear()
    assert await set_level(a, "error") is None
    assert replicas.store.asked == []


async def test_a_session_that_ends_has_ended_at_once_here_and_soon_everywhere(
    replicas: Replicas,
) -> None:
    a, b, c = replicas.add("a"), replicas.add("b"), replicas.add("c")
    a.created(SESSION)
    await learn(b)
    ending = asyncio.ensure_future(end(a))
    await asyncio.sleep(0)
    assert (a.ended(SESSION), a.known(SESSION)) == (True, True)
    await ending
    await until(lambda: b.ended(SESSION) and c.ended(SESSION), "the others hear")
    late = replicas.add("late")
    await learn(late)
    assert late.ended(SESSION)


async def test_an_end_that_can_not_be_written_is_written_when_nats_is_back(
    replicas: Replicas,
) -> None:
    a, b = replicas.add("a"), replicas.add("b")
    a.created(SESSION)
    replicas.store.up = False
    await end(a)
    assert (a.ended(SESSION), b.ended(SESSION)) == (True, False)
    replicas.store.up = True
    a.connected()
    await until(lambda: b.ended(SESSION), "the others hear")
    assert (await replicas.store.get(key_of(SESSION))).value is not None
    await a.aclose()


async def test_with_nats_away_nothing_is_known_and_nobody_waits(replicas: Replicas) -> None:
    a = replicas.add("a")
    replicas.store.up = False
    told: list[str] = []
    a.learn(SESSION, lambda: told.append("at once"))
    assert (told, a.known(SESSION), a.state(SESSION)) == (["at once"], True, NEW)
    error = await set_level(a, "error")
    assert isinstance(error, Unavailable)
    replicas.clock.now += 60
    assert not a.known(SESSION)


async def test_after_a_reconnect_what_was_known_is_read_again(replicas: Replicas) -> None:
    a, b = replicas.add("a"), replicas.add("b")
    a.created(SESSION)
    await learn(b)
    await replicas.office.kill("b")  # it hears no notes
    assert await set_level(a, "error") is None
    assert b.known(SESSION)
    b.connected()
    assert not b.known(SESSION)
    await learn(b)
    assert b.level(SESSION) == "error"


async def test_a_note_that_overtakes_a_read_wins(replicas: Replicas) -> None:
    a, b = replicas.add("a"), replicas.add("b")
    assert await set_level(a, "error") is None
    stored = await replicas.store.get(key_of(SESSION))
    replicas.store.answers.clear()
    learnt = asyncio.Event()
    b.learn(SESSION, learnt.set)
    note = msgspec.msgpack.encode((SESSION, stored.revision + 5, SessionState(level="debug")))
    replicas.office.mailboxes["a"].tell_all("session", note)
    await until(lambda: b.level(SESSION) == "debug", "it is heard")
    replicas.store.answers.set()
    await learnt.wait()
    assert b.level(SESSION) == "debug"


async def test_more_uris_than_a_session_may_have_are_refused(replicas: Replicas) -> None:
    a = replicas.add("a")
    results = await asyncio.gather(*(add_uri(a, f"memo://{n}") for n in range(URIS)))
    assert set(results) == {None}
    assert isinstance(await add_uri(a, "memo://one-more"), LimitExceeded)
    assert await add_uri(a, "memo://5") is None  # subscribed already
    b = replicas.add("b")
    less = await done(lambda told: b.add_uri("less", "x" * 101, told, room=100))
    assert isinstance(less, LimitExceeded)
    other = await done(lambda told: b.add_uri("another", "x" * (URI_BYTES + 1), told))
    assert isinstance(other, LimitExceeded)


async def test_a_session_that_all_replicas_write_all_the_time_is_refused_in_the_end(
    replicas: Replicas,
) -> None:
    class Contended(TestedStore):
        @override
        async def put(self, key: str, value: bytes | None, after: int) -> int:
            raise Moved(key)

    replicas.store = Contended()
    assert isinstance(await set_level(replicas.add("a"), "error"), Unavailable)


async def test_capabilities_are_stored_up_to_a_limit(replicas: Replicas) -> None:
    a, b = replicas.add("a"), replicas.add("b")
    a.created(SESSION, b"x" * CAPABILITIES)
    a.created("large", b"x" * (CAPABILITIES + 1))
    await until(lambda: bool(a.state(SESSION).capabilities), "they are stored")
    await asyncio.gather(learn(b), learn(b, "large"))
    assert len(b.state(SESSION).capabilities) == CAPABILITIES
    assert b.state("large") == NEW


async def test_no_more_sessions_are_kept_than_the_limit(replicas: Replicas) -> None:
    a = replicas.add("a")
    a.created(SESSION)
    for n in range(KNOWN):
        a.created(str(n))
    assert not a.known(SESSION)
    await learn(a)
    assert (a.known(SESSION), a.known("0")) == (True, False)


async def test_a_note_that_is_not_understood_changes_nothing(replicas: Replicas) -> None:
    a, b = replicas.add("a"), replicas.add("b")
    b.created(SESSION)
    replicas.office.mailboxes["a"].tell_all("session", b"nonsense")
    assert await set_level(a, "error") is None
    await until(lambda: b.level(SESSION) == "error", "later ones are heard")


async def test_an_end_is_not_done_before_the_others_are_told(replicas: Replicas) -> None:
    told, over = asyncio.Event(), asyncio.Event()

    async def wait() -> None:
        await told.wait()

    a = SessionStates(replicas.store, replicas.office.owners("a"), replicas.clock, wait)
    a.end(SESSION, over.set)
    assert a.ended(SESSION)
    await until(lambda: "put" in replicas.store.asked, "it was stored")
    assert not over.is_set()
    told.set()
    await over.wait()


async def test_the_mark_of_a_session_is_another_when_anything_of_it_changed(
    replicas: Replicas,
) -> None:
    a, b = replicas.add("a"), replicas.add("b")
    assert a.mark(SESSION) is None
    a.created(SESSION)
    await learn(b)
    mark = b.mark(SESSION)
    assert mark is not None
    assert b.mark(SESSION) is mark
    assert await set_level(a, "error") is None
    await until(lambda: b.level(SESSION) == "error", "it is heard")
    assert b.mark(SESSION) not in (None, mark)


async def test_a_session_that_has_ended_or_is_not_known_for_sure_has_no_mark(
    replicas: Replicas,
) -> None:
    a, b = replicas.add("a"), replicas.add("b")
    a.created(SESSION)
    await learn(b)
    a.connected()  # notes may be missing
    assert a.mark(SESSION) is None
    await learn(a)
    assert a.mark(SESSION) is not None
    await end(a)
    assert a.mark(SESSION) is None
    await until(lambda: b.mark(SESSION) is None, "the other replica hears of the end")
