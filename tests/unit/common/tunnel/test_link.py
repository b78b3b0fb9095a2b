"""Two links, and connections between them that break at any time, noticed by one end before the
other."""

from collections import deque

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from typing_extensions import override

from mcpgateway.common.tunnel.link import OVERHEAD, Estranged, Link, LinkError


class End:
    """A link, what was sent over it and what came."""

    def __init__(self) -> None:
        self.link = Link()
        self.sent: list[bytes] = []
        self.came: list[bytes] = []

    def send(self, payload: bytes) -> None:
        self.sent.append(payload)
        self.link.send(payload)

    def take(self, message: bytes | None) -> None:
        assert message is not None
        payload = self.link.take(message)
        if payload is not None:
            self.came.append(payload)


class BreakingLink(RuleBasedStateMachine):
    """`runner` dials; `hub` answers. Each has the pipe that it reads from. A connection that the
    runner has given up may still bring the hub what is in it, until the hub hears of the next. What
    either writes into a connection that the other has left, nobody reads."""

    def __init__(self) -> None:
        super().__init__()
        self.runner, self.hub = End(), End()
        self.to_hub: deque[bytes] = deque()
        self.to_runner: deque[bytes] = deque()
        self.hub_left = False
        self.hello: int | None = None  # on its way to the hub
        self.welcome: int | None = None  # on its way to the runner

    @rule(payload=st.binary(max_size=4), times=st.integers(1, 4))
    def runner_sends(self, payload: bytes, times: int) -> None:
        for _ in range(times):
            self.runner.send(payload + b"%d" % len(self.runner.sent))

    @rule(payload=st.binary(max_size=4), times=st.integers(1, 4))
    def hub_sends(self, payload: bytes, times: int) -> None:
        for _ in range(times):
            self.hub.send(payload + b"%d" % len(self.hub.sent))

    @rule(times=st.integers(1, 4))
    def runner_writes(self, times: int) -> None:
        self._write(self.runner, self.to_hub, times)

    @rule(times=st.integers(1, 4))
    def hub_writes(self, times: int) -> None:
        self._write(self.hub, self.to_runner, times)

    @precondition(lambda self: self.to_hub and not self.hub_left)
    @rule()
    def hub_reads(self) -> None:
        self.hub.take(self.to_hub.popleft())

    @precondition(lambda self: self.to_runner and self.hello is None and self.welcome is None)
    @rule()
    def runner_reads(self) -> None:
        self.runner.take(self.to_runner.popleft())

    @rule(lost=st.integers(0, 4))
    def runner_dials_again(self, lost: int) -> None:
        self.runner.link.lost()
        self.to_runner.clear()
        for _ in range(min(lost, len(self.to_hub))):
            self.to_hub.pop()
        self.hello, self.welcome = self.runner.link.received, None

    @rule()
    def hub_notices_a_break(self) -> None:
        self.hub.link.lost()
        self.to_hub.clear()
        self.hub_left = True

    @precondition(lambda self: self.hello is not None)
    @rule()
    def hub_answers(self) -> None:
        assert self.hello is not None
        self.hub.link.lost()
        self.to_hub.clear()
        self.to_runner.clear()  # written into the connection that the runner has left
        self.hub.link.resume(self.hello)
        self.hello, self.welcome = None, self.hub.link.received
        self.hub_left = False

    @precondition(lambda self: self.welcome is not None)
    @rule()
    def runner_hears_the_answer(self) -> None:
        assert self.welcome is not None
        self.runner.link.resume(self.welcome)
        self.welcome = None

    def _write(self, end: End, pipe: deque[bytes], times: int) -> None:
        for _ in range(times):
            message = end.link.next_out()
            if message is not None:
                pipe.append(message)

    @invariant()
    def nothing_came_twice_or_out_of_order(self) -> None:
        assert self.hub.came == self.runner.sent[: len(self.hub.came)]
        assert self.runner.came == self.hub.sent[: len(self.runner.came)]

    @invariant()
    def what_did_not_arrive_is_kept(self) -> None:
        for end, other in ((self.runner, self.hub), (self.hub, self.runner)):
            assert end.link.waiting >= sum(map(len, end.sent[len(other.came) :]))

    @override
    def teardown(self) -> None:
        """One connection that holds brings everything, and lets go of it."""
        self.runner_dials_again(0)
        self.hub_answers()
        self.runner_hears_the_answer()
        size = len(self.runner.sent) + len(self.hub.sent) + 2
        for _ in range(3):
            self._write(self.runner, self.to_hub, size)
            self._write(self.hub, self.to_runner, size)
            while self.to_hub:
                self.hub_reads()
            while self.to_runner:
                self.runner_reads()
        assert self.hub.came == self.runner.sent
        assert self.runner.came == self.hub.sent
        assert self.runner.link.waiting == self.hub.link.waiting == 0


TestBreakingLink = BreakingLink.TestCase


def joined() -> tuple[End, End]:
    ends = End(), End()
    for end in ends:
        end.link.resume(0)
    return ends


def test_nothing_goes_out_without_a_connection() -> None:
    end = End()
    end.send(b"x")

    assert end.link.next_out() is None


def test_a_frame_that_came_already_is_dropped() -> None:
    here, there = joined()
    here.send(b"x")
    message = here.link.next_out()
    assert message is not None
    assert len(message) == OVERHEAD + 1

    there.take(message)
    there.take(message)

    assert there.came == [b"x"]


def test_an_acknowledgement_goes_alone_when_there_is_nothing_to_send() -> None:
    here, there = joined()
    here.send(b"x")
    there.take(here.link.next_out())
    here.take(there.link.next_out())

    assert here.link.waiting == 0
    assert there.link.next_out() is None


def test_a_gap_ends_the_connection() -> None:
    here, there = joined()
    here.send(b"one")
    here.send(b"two")
    here.link.next_out()

    with pytest.raises(LinkError, match="frame 2 came after frame 0"):
        there.take(here.link.next_out())


@pytest.mark.parametrize("message", [b"", b"D", b"A" + b"\0" * 9, b"{}", b"D" + b"\0" * 15])
def test_what_is_no_frame_ends_the_connection(message: bytes) -> None:
    with pytest.raises(LinkError, match="no frame"):
        joined()[0].take(message)


def test_an_end_that_claims_what_was_never_sent_is_not_ours() -> None:
    here, _ = joined()
    here.send(b"x")  # not yet written

    with pytest.raises(Estranged, match="0 were sent"):
        here.take(b"A" + (1).to_bytes(8, "big"))


def test_an_end_that_lacks_what_it_had_is_not_ours() -> None:
    here, there = joined()
    here.send(b"x")
    there.take(here.link.next_out())
    here.take(there.link.next_out())
    here.link.lost()

    with pytest.raises(Estranged, match="it can have 1 to 1"):
        here.link.resume(0)
