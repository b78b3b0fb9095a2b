"""Who shares a session, for any callers in any order; and the bounds of the pool."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.errors import Unavailable
from mcpgateway.data_plane.upstreams.request import Client, UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions.handshake import declared
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionLimits, SessionPool
from support.sinks import LEGACY, MODERN, STATELESS, ask, upstream
from support.upstream_sessions import Remembered


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def pool_of(
    sessions: int = 100, per_upstream: int = 100, clock: Clock | None = None
) -> SessionPool[Remembered]:
    limits = SessionLimits(sessions, per_upstream, idle_seconds=10, client_idle_seconds=100)
    return SessionPool(Remembered, limits, clock or Clock())


def request(client: Client, id: str = "u1", **more: object) -> UpstreamRequest:
    record = msgspec.structs.replace(upstream("legacy"), id=id)
    return msgspec.structs.replace(ask(record, client), **more)


clients = st.builds(
    Client,
    era=st.sampled_from(["modern", "legacy"]),
    revision=st.sampled_from(["2026-07-28", "2025-06-18"]),
    principal=st.sampled_from(["", "ann", "bob"]),
    session=st.sampled_from(["", "", "s1", "s2"]),
    capabilities=st.sampled_from([b"{}", b'{"roots":{}}', b'{"roots":{"listChanged":true}}']),
)
credentials = st.sampled_from([(), ((b"authorization", b"a"),), ((b"authorization", b"b"),)])
requests = st.builds(
    lambda client, id, headers, method: request(client, id, headers=headers, method=method),
    clients,
    st.sampled_from(["u1", "u2"]),
    credentials,
    st.sampled_from(["tools/call", "tools/list"]),
)


@given(st.lists(st.tuples(requests, st.booleans()), max_size=30))
def test_no_order_of_calls_puts_two_principals_or_two_clients_into_one_session(
    calls: list[tuple[UpstreamRequest, bool]],
) -> None:
    pool = pool_of(per_upstream=3)
    taken: set[Remembered] = set()
    for call, returned in calls:
        try:
            session = pool.take(call)
        except Unavailable:
            continue
        assert not session.closed
        session.served.append(call)
        taken.add(session)
        if returned:
            pool.give_back(session)
    for session in taken:
        served = session.served
        assert len({it.upstream.id for it in served}) == 1
        assert len({it.client.principal for it in served}) == 1
        assert len({it.client.session for it in served}) == 1
        if not served[0].client.session:
            assert len({it.headers for it in served}) == 1
            assert len({it.client.revision for it in served}) == 1
        if not served[0].client.principal and not served[0].client.session:
            assert len(served) == 1


@given(requests)
def test_the_same_caller_finds_its_session_again_unless_nobody_can_tell_who_it_is(
    call: UpstreamRequest,
) -> None:
    pool = pool_of()
    first = pool.take(call)
    pool.give_back(first)
    client = call.client
    known = bool(client.principal or client.session)
    assert (pool.take(call) is first) is known
    assert first.closed is not known


@given(st.lists(st.tuples(requests, st.booleans()), max_size=30))
def test_a_call_whose_client_may_be_asked_has_its_session_for_itself(
    calls: list[tuple[UpstreamRequest, bool]],
) -> None:
    pool = pool_of()
    for call, returned in calls:
        session = pool.take(call)
        if call.client.session:  # a client's own declares what that client declared
            continue
        if call.client.capabilities != b"{}" and call.method == "tools/call":
            assert session.calls == 1
        # What was declared in it is what every client in it can do.
        assert len({declared(it) for it in [*session.served, call]}) == 1
        session.served.append(call)
        if returned:
            pool.give_back(session)


def test_what_one_call_leaves_the_next_one_takes_over_the_last_one_first() -> None:
    pool = pool_of()
    able = request(msgspec.structs.replace(MODERN, capabilities=b'{"roots":{}}'))
    first, second = pool.take(able), pool.take(able)
    assert first is not second
    pool.give_back(first)
    pool.give_back(second)
    assert [pool.take(able), pool.take(able)] == [second, first]
    assert len(pool) == 2


def test_what_was_idle_longest_makes_room() -> None:
    pool = pool_of(sessions=2)
    ann, bob = (msgspec.structs.replace(STATELESS, principal=name) for name in ("ann", "bob"))
    first, second = pool.take(request(ann)), pool.take(request(bob))
    pool.give_back(second)
    pool.give_back(first)
    pool.take(request(MODERN))
    assert (first.closed, second.closed) == (False, True)
    assert len(pool) == 2


def test_a_call_is_refused_when_every_session_is_in_use() -> None:
    pool = pool_of(per_upstream=1)
    pool.take(request(LEGACY))
    with pytest.raises(Unavailable, match="sessions with upstream 'time' are in use"):
        pool.take(request(MODERN))
    assert pool.take(request(MODERN, "u2")) is not None
    assert pool.take(request(LEGACY)) is not None


def test_idle_sessions_expire_a_clients_own_later_and_busy_ones_never() -> None:
    clock = Clock()
    pool = pool_of(clock=clock)
    busy = pool.take(request(STATELESS, "u2"))
    shared, own = pool.take(request(MODERN)), pool.take(request(LEGACY))
    pool.give_back(own)
    pool.give_back(shared)
    for seconds, closed in ((9.5, (False, False)), (0.5, (True, False)), (90.0, (True, True))):
        clock.now += seconds
        pool.expire()
        assert (shared.closed, own.closed) == closed
    assert (busy.closed, len(pool)) == (False, 1)


def test_a_session_that_died_is_forgotten_at_once_and_given_back_without_harm() -> None:
    pool = pool_of()
    session = pool.take(request(LEGACY))
    session.died(Unavailable("gone"))
    assert len(pool) == 0
    assert pool.take(request(LEGACY)) is not session
    pool.give_back(session)
    assert len(pool) == 1


def test_sessions_with_an_upstream_that_is_gone_end_when_their_calls_do() -> None:
    pool = pool_of()
    idle, busy, other = (
        pool.take(request(STATELESS)),
        pool.take(request(LEGACY)),
        pool.take(request(LEGACY, "u2")),
    )
    for session in (idle, other):
        pool.give_back(session)
    pool.end_upstreams({"u1"})
    assert (idle.closed, busy.closed, other.closed) == (True, False, False)
    assert pool.take(request(LEGACY)) is not busy
    pool.give_back(busy)
    assert (busy.closed, len(pool)) == (True, 2)
