"""The stream of a session that belongs to no call: when it is there, and for whom."""

from typing import Any

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.data_plane.upstreams.faults import Refusal
from mcpgateway.data_plane.upstreams.sessions.standing import Pace, StandingStream
from mcpgateway.data_plane.upstreams.targets import Target
from support.http_client import FakeHttp, Sent
from support.sinks import upstream
from support.wait import until

LOG = {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info"}}


class Rig:
    def __init__(self, **pace: float) -> None:
        self.http = FakeHttp()
        self.target = Target(upstream("legacy"))
        self.taken: list[Any] = []
        self.ready = 0
        self.stream = StandingStream(
            self.http, self.target, lambda: self.target.head("GET"), self._take, Pace(**pace)
        )

    def want(self) -> None:
        self.stream.want(self._note)

    def _take(self, frame: jsonrpc.Frame) -> None:
        self.taken.append(frame.method)

    def _note(self) -> None:
        self.ready += 1

    def opened(self) -> Sent:
        self.want()
        return self.open()

    def open(self) -> Sent:
        sent = self.http.sent[-1]
        sent.start(200, "text/event-stream")
        return sent


async def test_calls_wait_until_it_is_open_and_share_it() -> None:
    rig = Rig()
    rig.want()
    rig.want()
    assert (rig.ready, len(rig.http.sent)) == (0, 1)
    rig.open().events(LOG)
    rig.want()
    assert (rig.ready, len(rig.http.sent)) == (3, 1)
    assert rig.taken == ["notifications/message"]
    rig.stream.close()


async def test_an_upstream_that_offers_none_is_asked_once() -> None:
    rig = Rig()
    rig.want()
    rig.http.sent[-1].respond(405, "text/plain")
    rig.want()
    assert (rig.ready, len(rig.http.sent)) == (2, 1)
    assert rig.target.standing == 0


async def test_an_upstream_that_is_slow_to_begin_holds_no_call_up() -> None:
    rig = Rig(opens=0.01)
    rig.want()
    await until(lambda: rig.ready == 1, "the call goes on")
    rig.want()
    assert rig.ready == 2
    rig.stream.close()


async def test_there_are_only_so_many_with_one_upstream() -> None:
    rig = Rig()
    rig.target.standing = rig.target.connections
    rig.want()
    assert (rig.ready, rig.http.sent) == (1, [])


async def test_it_closes_some_time_after_the_last_call() -> None:
    rig = Rig(rests=0.01)
    rig.want()
    sent = rig.open()
    rig.stream.rest()
    await until(lambda: sent.cancelled, "it closes")
    assert rig.target.standing == 0
    rig.want()
    assert len(rig.http.sent) == 2
    rig.stream.close()


async def test_a_call_that_comes_in_time_keeps_it() -> None:
    rig, other = Rig(rests=0.01), Rig(rests=0.01)
    sent, closed = (each.opened() for each in (rig, other))
    rig.stream.rest()
    other.stream.rest()
    rig.want()
    await until(lambda: closed.cancelled, "the one without a call closes")
    assert not sent.cancelled
    rig.stream.close()
    assert sent.cancelled


async def test_one_that_breaks_off_during_calls_is_taken_up_after_its_last_event() -> None:
    rig = Rig()
    rig.want()
    sent = rig.open()
    sent.receiver.chunk(b"retry: 0\nid: e-1\ndata:\n\n")
    sent.end()
    await until(lambda: len(rig.http.sent) == 2, "it is opened again")
    assert rig.http.sent[-1].headers["last-event-id"] == "e-1"
    rig.stream.close()


async def test_one_that_can_not_be_opened_holds_no_call_up() -> None:
    rig = Rig()
    rig.want()
    rig.http.sent[-1].fail(UpstreamUnreachable("connection refused"))
    assert rig.ready == 1
    assert rig.target.standing == 0


async def test_what_is_no_message_is_nobodys_trouble() -> None:
    rig = Rig()
    rig.want()
    sent = rig.open()
    sent.receiver.chunk(b"data: {]\n\n")
    sent.events(LOG)
    assert rig.taken == ["notifications/message"]
    rig.stream.close()


class Relier:
    """Counts."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def stood(self) -> None:
        self.heard.append("stood")

    def fell(self, refusal: Refusal | None) -> None:
        self.heard.append("fell" if refusal is None else f"refused {refusal.status}")


async def test_who_relies_on_it_hears_when_it_is_there_and_when_it_is_not() -> None:
    rig = Rig(again=0.01)
    relier = rig.stream.relier = Relier()
    rig.want()
    rig.open().end()
    await until(lambda: len(rig.http.sent) == 2, "it is opened again")
    rig.http.sent[-1].fail(UpstreamUnreachable("connection refused"))
    await until(lambda: len(rig.http.sent) == 3, "it is opened again, though it did not stand")
    rig.open()
    assert relier.heard == ["stood", "fell", "fell", "stood"]
    rig.stream.close()


@pytest.mark.parametrize("status", [429, 503])
async def test_for_who_relies_on_it_trouble_is_no_refusal(status: int) -> None:
    rig = Rig(again=0.01)
    relier = rig.stream.relier = Relier()
    rig.want()
    rig.http.sent[-1].respond(status, "text/plain")
    await until(lambda: len(rig.http.sent) == 2, "it is asked for again")
    assert relier.heard == ["fell"]
    assert not rig.stream.denied
    rig.stream.close()


@pytest.mark.parametrize("status", [404, 405])
async def test_who_relies_on_it_hears_that_there_is_none(status: int) -> None:
    rig = Rig()
    relier = rig.stream.relier = Relier()
    rig.want()
    rig.http.sent[-1].respond(status, "text/plain")
    assert relier.heard == [f"refused {status}"]
    assert rig.stream.denied


async def test_where_there_are_too_many_it_says_so() -> None:
    rig = Rig()
    rig.target.standing = rig.target.connections
    rig.want()
    assert rig.stream.crowded
    assert not rig.stream.denied
