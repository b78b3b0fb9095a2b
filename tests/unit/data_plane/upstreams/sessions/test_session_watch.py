"""Resources at a legacy upstream: subscribed in a session, each once, and again in the next."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.data_plane.upstreams.request import UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions.session_key import SessionKey
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionLimits, SessionPool
from mcpgateway.data_plane.upstreams.sessions.session_watch import AT_ONCE, SessionWatch
from mcpgateway.data_plane.upstreams.sessions.upstream_session import Answered, Stood
from mcpgateway.data_plane.upstreams.watching import Pace, Tempo
from support.sinks import MODERN, ask, upstream
from support.upstream_sessions import Remembered
from support.wait import until
from support.watchers import RecordingWatcher


class Asked(Remembered):
    """Keeps what is asked in it; its stream is `stream`."""

    stream: Stood = "open"

    def __init__(self, key: SessionKey | None, request: UpstreamRequest) -> None:
        super().__init__(key, request)
        self.asked: list[tuple[str, str, Answered]] = []

    @override
    def ask(self, id: jsonrpc.Id, body: bytes, answered: Answered) -> None:
        frame = jsonrpc.decode_frame(body)
        assert isinstance(frame.params, dict)
        self.asked.append((str(frame.method), bytes(frame.params["uri"]).decode(), answered))

    @override
    def stand(self, ready: Callable[[Stood], None]) -> None:
        ready(self.stream)

    def answer(self, error: int = 0) -> None:
        """All that was asked so far and was not answered."""
        asked, self.asked = self.asked, []
        for _, _, answered in asked:
            body: dict[str, Any] = {"jsonrpc": "2.0", "id": 1}
            if error:
                body["error"] = {"code": error, "message": "no"}
            else:
                body["result"] = {}
            answered(jsonrpc.decode_frame(jsonrpc.encode(body)))

    @property
    def open_requests(self) -> list[tuple[str, str]]:
        return [(method, uri.strip('"')) for method, uri, _ in self.asked]


class Rig:
    def __init__(self, stream: Stood = "open", limits: SessionLimits | None = None) -> None:
        self.sessions: list[Asked] = []
        self.heard = RecordingWatcher()

        def make(key: SessionKey | None, request: UpstreamRequest) -> Asked:
            session = Asked(key, request)
            session.stream = stream
            self.sessions.append(session)
            return session

        self.request = ask(upstream("legacy"), MODERN, "resources/subscribe", {})
        self.pool = SessionPool(make, limits or SessionLimits(), lambda: 0.0)
        tempo = Tempo(Pace(first=0.01), lambda: 0.0)
        self.watch = SessionWatch(self.pool, self.request, self.heard, tempo)

    def want(self, *uris: str) -> None:
        self.watch.want(frozenset(uris))


async def test_each_is_subscribed_and_then_they_stand() -> None:
    rig = Rig()
    rig.want("x:a", "x:b")
    (session,) = rig.sessions
    assert session.open_requests == [("resources/subscribe", "x:a"), ("resources/subscribe", "x:b")]
    assert rig.heard.stood == []
    session.answer()
    assert rig.heard.stood == [({"x:a", "x:b"}, {"x:a", "x:b"}, False)]
    session.resource_updated("x:a")
    session.resource_updated("")
    assert rig.heard.updates == ["x:a"]


async def test_only_differences_are_asked_for() -> None:
    rig = Rig()
    rig.want("x:a", "x:b")
    (session,) = rig.sessions
    session.answer()
    rig.want("x:b", "x:c")
    assert session.open_requests == [
        ("resources/subscribe", "x:c"),
        ("resources/unsubscribe", "x:a"),
    ]
    session.answer()
    assert rig.heard.stood[-1] == ({"x:b", "x:c"}, {"x:b", "x:c"}, False)


async def test_many_are_asked_for_a_few_at_a_time() -> None:
    rig = Rig()
    rig.want(*[f"x:{n}" for n in range(AT_ONCE * 3)])
    (session,) = rig.sessions
    for _ in range(3):
        assert len(session.asked) == AT_ONCE
        session.answer()
    assert len(rig.heard.stood) == 1
    assert len(rig.heard.stood[0][1]) == AT_ONCE * 3


async def test_what_the_upstream_refuses_is_not_honoured_and_not_asked_for_again() -> None:
    rig = Rig()
    rig.want("x:a")
    (session,) = rig.sessions
    session.answer(error=-32002)
    assert rig.heard.stood == [({"x:a"}, set(), False)]
    rig.want("x:a", "x:b")
    assert session.open_requests == [("resources/subscribe", "x:b")]


async def test_an_upstream_without_subscriptions_is_given_up_for_good() -> None:
    rig = Rig()
    rig.want("x:a")
    rig.sessions[0].answer(error=jsonrpc.METHOD_NOT_FOUND)
    assert rig.heard.refusals == [True]
    assert rig.sessions[0].calls == 0


@pytest.mark.parametrize(("stream", "lasting"), [("refused", True), ("full", False)])
async def test_without_a_stream_nothing_is_subscribed(stream: Stood, lasting: bool) -> None:
    rig = Rig(stream)
    rig.want("x:a")
    assert rig.heard.refusals == [lasting]
    assert rig.sessions[0].asked == []
    assert rig.sessions[0].resident is None


async def test_no_room_for_a_session_is_said_at_once() -> None:
    rig = Rig(limits=SessionLimits(sessions=1))
    busy = rig.pool.take(ask(msgspec.structs.replace(upstream("legacy"), id="u2")))
    rig.want("x:a")
    assert rig.heard.refusals == [False]
    rig.pool.give_back(busy)


async def test_a_lost_session_is_opened_anew_all_is_subscribed_and_the_gap_is_told() -> None:
    rig = Rig()
    rig.want("x:a")
    rig.sessions[0].answer()
    rig.sessions[0].died(UpstreamUnreachable("gone"))
    await until(lambda: len(rig.sessions) == 2, "there is another session")
    assert rig.sessions[1].open_requests == [("resources/subscribe", "x:a")]
    rig.watch.stood()
    assert len(rig.heard.stood) == 1
    rig.sessions[1].answer()
    assert rig.heard.stood[-1] == ({"x:a"}, {"x:a"}, True)
    rig.watch.close()


async def test_a_stream_that_came_back_tells_of_the_gap() -> None:
    rig = Rig()
    rig.want("x:a")
    (session,) = rig.sessions
    session.answer()
    rig.watch.fell(None)
    rig.watch.stood()
    rig.watch.stood()
    assert [gap for _, _, gap in rig.heard.stood] == [False, True]


async def test_a_stream_that_another_replica_had_at_first_tells_of_the_gap_when_it_comes() -> None:
    rig = Rig()
    rig.want("x:a")
    rig.watch.fell(None)
    rig.sessions[0].answer()
    rig.watch.stood()
    assert [gap for _, _, gap in rig.heard.stood] == [False, True]


async def test_answers_of_a_session_that_was_lost_count_no_more() -> None:
    rig = Rig()
    rig.want("x:a")
    rig.sessions[0].died(UpstreamUnreachable("gone"))
    rig.sessions[0].answer()
    assert rig.heard.stood == []
    rig.watch.close()


async def test_who_leaves_unsubscribes_and_the_session_stays_for_others() -> None:
    rig = Rig()
    rig.want("x:a")
    (session,) = rig.sessions
    session.answer()
    rig.watch.close()
    assert session.open_requests == [("resources/unsubscribe", "x:a")]
    assert not session.closed
    assert session.resident is None
    assert session.calls == 0
    session.resource_updated("x:a")
    assert rig.heard.updates == []
