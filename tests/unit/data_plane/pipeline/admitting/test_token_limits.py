"""Networks, times and limits of tokens, and what replicas tell each other of the latter."""

from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from mcpgateway.common.errors import Denied, LimitExceeded
from mcpgateway.common.policy.access.scope import Scope
from mcpgateway.common.policy.access.subject import Subject
from mcpgateway.common.routing.model import Principal
from mcpgateway.data_plane.parked.owners import Alone
from mcpgateway.data_plane.pipeline.admitting import token_limits
from mcpgateway.data_plane.pipeline.admitting.token_limits import TokenLimits
from mcpgateway.data_plane.pipeline.call import Call, Caller

ANN = Principal("ann@example.com")
HOUR = 3600
START = 1_800_000_000.0 // HOUR * HOUR


class Bus:
    """Carries the notes of replicas when it is told to."""

    def __init__(self) -> None:
        self.replicas: list[Replica] = []
        self.waiting: list[tuple[str, str, bytes]] = []

    def deliver(self) -> None:
        while self.waiting:
            sender, kind, body = self.waiting.pop(0)
            for each in self.replicas:
                if each.replica != sender:
                    each.heard(kind, body)


class Replica(Alone):
    def __init__(self, bus: Bus, name: str) -> None:
        super().__init__(name)
        self._bus = bus
        self._listeners: dict[str, Callable[[bytes], None]] = {}
        self.now = START
        bus.replicas.append(self)
        self.limits = TokenLimits(self, lambda: self.now, lambda exchange: "10.0.0.1")

    @override
    def tell_all(self, kind: str, body: bytes) -> None:
        self._bus.waiting.append((self.replica, kind, body))

    @override
    def on_note(self, kind: str, listener: Callable[[bytes], None]) -> None:
        self._listeners[kind] = listener

    def heard(self, kind: str, body: bytes) -> None:
        self._listeners[kind](body)

    def ask(self, scope: Scope, token: str = "t") -> LimitExceeded | None:
        refused = self.limits.refusal(call(scope, token))
        assert refused is None or isinstance(refused, LimitExceeded)
        return refused


def call(scope: Scope, token: str = "t") -> Call:
    """As far as limits look at one."""

    class Asked(msgspec.Struct):
        caller: Caller

    return cast(Call, Asked(Caller(Subject(ANN, scope, token=token))))


def per_hour(most: int) -> Scope:
    return Scope(limits={"requests_per_hour": most})


def test_one_too_many_is_refused_until_the_hour_is_over() -> None:
    replica = Replica(Bus(), "a")
    replica.now = START + 600
    assert [replica.ask(per_hour(2)) for _ in range(2)] == [None, None]
    refused = replica.ask(per_hour(2))
    assert refused is not None
    assert refused.retry_after == HOUR - 600
    assert "2 requests of this hour" in refused.message
    assert replica.ask(per_hour(2), "another") is None
    replica.now = START + HOUR
    assert replica.ask(per_hour(2)) is None


def test_the_tighter_of_two_limits_refuses_and_counts_nothing() -> None:
    replica = Replica(Bus(), "a")
    scope = Scope(limits={"requests_per_hour": 1, "requests_per_day": 2})
    assert replica.ask(scope) is None
    assert replica.ask(scope) is not None  # by the hour; the day has one left
    replica.now += HOUR
    assert replica.ask(scope) is None
    replica.now += HOUR
    refused = replica.ask(scope)
    assert refused is not None
    assert "of this day" in refused.message


def test_a_limit_is_one_for_all_replicas_as_soon_as_they_have_heard() -> None:
    bus = Bus()
    a, b = Replica(bus, "a"), Replica(bus, "b")
    assert a.ask(per_hour(3)) is None
    assert a.ask(per_hour(3)) is None
    a.limits.tell()
    bus.deliver()
    assert b.ask(per_hour(3)) is None
    assert b.ask(per_hour(3)) is not None
    assert a.ask(per_hour(3)) is None  # one too many: it has not heard of the third
    b.limits.tell()
    bus.deliver()
    assert a.ask(per_hour(3)) is not None


async def test_a_new_replica_hears_what_was_counted_also_by_those_that_are_gone() -> None:
    bus = Bus()
    a, b = Replica(bus, "a"), Replica(bus, "b")
    a.ask(per_hour(2))
    b.ask(per_hour(2))
    a.limits.tell()
    bus.deliver()
    bus.replicas.remove(a)
    c = Replica(bus, "c")
    c.tell_all("token-counts-wanted", b"")
    bus.deliver()
    assert c.ask(per_hour(2)) is not None


def test_what_was_lost_on_the_way_is_told_again() -> None:
    bus = Bus()
    a, b = Replica(bus, "a"), Replica(bus, "b")
    a.ask(per_hour(1))
    a.limits.tell()
    bus.waiting.clear()
    a.limits.tell_again()
    a.limits.tell()
    bus.deliver()
    assert b.ask(per_hour(1)) is not None


def test_rubbish_of_a_replica_changes_nothing() -> None:
    replica = Replica(Bus(), "a")
    for body in (b"", b"\xff", msgspec.msgpack.encode([1]), msgspec.msgpack.encode({"a": 1})):
        replica.heard("token-counts", body)
    assert replica.ask(per_hour(1)) is None


def test_counts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_limits, "COUNTED", 10)
    replica = Replica(Bus(), "a")
    for number in range(100):
        replica.ask(per_hour(1), str(number))
    assert len(replica.limits._windows) == 10
    replica.limits.tell()


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        (Scope(), None),
        (Scope(networks=("10.0.0.0/8",)), None),
        (Scope(networks=("192.0.2.0/24",)), "not taken from 10.0.0.1"),
        (Scope(networks=("nonsense",)), "can not be read"),
        (Scope(limits={"requests_per_second": 5}), "can not be read"),
        (Scope(times={"when": "always"}), "can not be read"),
    ],
)
def test_what_can_not_be_read_refuses_and_so_does_a_wrong_network(
    scope: Scope, says: str | None
) -> None:
    limits = Replica(Bus(), "a").limits
    subject = Subject(ANN, scope, token="t")
    nothing: Any = None
    if says is None:
        limits.check_place(subject, nothing)
        return
    with pytest.raises(Denied, match=says):
        limits.check_place(subject, nothing)


@settings(max_examples=50)
@given(st.lists(st.sampled_from("abct"), max_size=60), st.integers(1, 10))
def test_never_more_are_let_in_than_replicas_can_not_have_heard_of(
    acts: list[str], most: int
) -> None:
    bus = Bus()
    replicas = {name: Replica(bus, name) for name in "abc"}
    let_in = 0
    for act in acts:
        if act == "t":
            for each in replicas.values():
                each.limits.tell()
            bus.deliver()
        elif replicas[act].ask(per_hour(most)) is None:
            let_in += 1
    assert let_in <= most + 2 * most
    for each in replicas.values():
        each.limits.tell()
    bus.deliver()
    refused = [each.ask(per_hour(most)) is not None for each in replicas.values()]
    assert let_in < most or all(refused)
