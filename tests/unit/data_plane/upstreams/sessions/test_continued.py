"""A legacy client's session with an upstream goes on with whichever replica gets its next call."""

from typing import Any

import msgspec

from mcpgateway.common.mcp.listening import UPDATED
from mcpgateway.common.mcp.revisions import V2025_06_18
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.request import Client
from mcpgateway.data_plane.upstreams.sessions.shared_sessions import SharedSessions
from mcpgateway.data_plane.upstreams.watching import Tempo
from support.http_client import FakeHttp, Sent
from support.own_sessions import OwnSessions
from support.sinks import LEGACY, STATELESS, RecordingSink, ask, upstream
from support.watchers import RecordingWatcher

UPSTREAM = upstream("legacy")
RESULT: dict[str, Any] = {"content": []}
UNKNOWN = {"error": {"code": -32600, "message": "Session not found"}}


class Replica:
    def __init__(self, store: SharedSessions) -> None:
        self.http = FakeHttp()
        self.clients = UpstreamClients(self.http, sessions=store)

    @property
    def last(self) -> Sent:
        return self.http.sent[-1]

    def send(self, client: Client = LEGACY) -> RecordingSink:
        sink = RecordingSink()
        self.clients.send(ask(UPSTREAM, client), sink)
        return sink

    def answer_initialize(self, session: str) -> None:
        header = (b"mcp-session-id", session.encode())
        self.last.result({"protocolVersion": V2025_06_18}, header)

    def open(self, session: str) -> None:
        self.answer_initialize(session)
        self.last.respond(202, "")

    def said(self) -> list[str]:
        return [
            sent.message["method"] if sent.body else sent.request_line.split()[0]
            for sent in self.http.sent
        ]


def replicas() -> tuple[Replica, Replica]:
    store = OwnSessions()
    return Replica(store), Replica(store)


async def test_another_replica_goes_on_without_a_handshake() -> None:
    one, other = replicas()
    one.send()
    one.open("up-1")
    sink = other.send()
    assert other.said() == ["tools/call"]
    assert other.last.headers["mcp-session-id"] == "up-1"
    assert other.last.headers["mcp-protocol-version"] == V2025_06_18
    other.last.result(RESULT)
    assert sink.answered["result"] == RESULT


async def test_of_two_that_open_at_once_the_second_ends_its_own_and_goes_on_with_the_firsts() -> (
    None
):
    one, other = replicas()
    one.send()
    other.send()
    one.open("up-1")
    other.open("up-2")
    assert other.said() == ["initialize", "notifications/initialized", "DELETE", "tools/call"]
    ended, call = other.http.sent[-2:]
    assert ended.headers["mcp-session-id"] == "up-2"
    assert call.headers["mcp-session-id"] == "up-1"


async def test_a_lost_session_is_opened_anew_once_and_the_others_find_the_new_one() -> None:
    one, other = replicas()
    one.send()
    one.open("up-1")
    one.last.result(RESULT)
    other.send()
    other.last.result(RESULT)
    one.send()
    one.last.json(UNKNOWN, 404)
    one.open("up-2")
    one.last.result(RESULT)
    sink = other.send()
    assert other.last.headers["mcp-session-id"] == "up-1"
    other.last.json(UNKNOWN, 404)
    assert other.said()[-2:] == ["tools/call", "tools/call"]
    assert other.last.headers["mcp-session-id"] == "up-2"
    other.last.result(RESULT)
    assert sink.answered["result"] == RESULT


async def test_the_end_of_a_replica_is_not_the_end_of_the_session() -> None:
    one, other = replicas()
    one.send()
    one.open("up-1")
    one.last.result(RESULT)
    await one.clients.aclose()
    assert "DELETE" not in one.said()
    other.send()
    assert other.last.headers["mcp-session-id"] == "up-1"


async def test_the_end_of_the_clients_session_is_told_to_the_upstream_and_forgotten() -> None:
    one, other = replicas()
    one.send()
    one.open("up-1")
    one.last.result(RESULT)
    one.clients.end_session(LEGACY.session)
    assert one.said()[-1] == "DELETE"
    other.send()
    assert other.said() == ["initialize"]


async def test_an_upstream_that_moved_gets_a_new_session() -> None:
    one, other = replicas()
    one.send()
    one.open("up-1")
    one.last.result(RESULT)
    moved = msgspec.structs.replace(UPSTREAM, url="http://elsewhere/mcp")
    other.clients.send(ask(moved, LEGACY), RecordingSink())
    assert other.said() == ["initialize"]


async def test_sessions_that_clients_share_stay_with_their_replica() -> None:
    one, other = replicas()
    one.send(STATELESS)
    one.open("up-1")
    other.send(STATELESS)
    assert other.said() == ["initialize"]


class Following:
    """One replica has the session's only stream, for a call in whose midst its client may be
    asked something; the other follows a resource and is refused that stream."""

    def __init__(self) -> None:
        self.one, self.other = replicas()
        asked = msgspec.structs.replace(LEGACY, capabilities=b'{"roots":{}}')
        self.one.send(asked)
        self.one.open("up-1")
        self.stream = self.one.last
        assert self.stream.request_line.startswith("GET ")
        self.stream.start(200, "text/event-stream")
        self.watcher = RecordingWatcher()
        self.watch = self.other.clients.watch(ask(UPSTREAM, asked, "", {}), self.watcher, Tempo())
        self.watch.want(frozenset({"x:a"}))
        self.other.last.respond(409, "text/plain")
        self.other.last.result({})
        assert self.watcher.stood == [({"x:a"}, {"x:a"}, False)]
        self.other.http.sent.clear()

    @property
    def streams(self) -> list[Sent]:
        """Asked for by who follows."""
        return [sent for sent in self.other.http.sent if sent.request_line.startswith("GET ")]


def updated(uri: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "method": UPDATED, "params": {"uri": uri}}


async def test_who_is_refused_the_sessions_one_stream_hears_from_the_replica_that_has_it() -> None:
    group = Following()
    group.stream.events(updated("x:a"))
    assert group.watcher.updates == ["x:a"]
    assert group.streams == []


async def test_who_is_refused_the_sessions_one_stream_gets_it_when_it_is_free() -> None:
    group = Following()
    await group.one.clients.aclose()
    assert group.stream.cancelled
    (stream,) = group.streams
    stream.start(200, "text/event-stream")
    assert group.watcher.stood[1:] == [({"x:a"}, {"x:a"}, True)]
    stream.events(updated("x:a"))
    assert group.watcher.updates == ["x:a"]
    group.watch.close()


async def test_who_follows_no_more_hears_of_no_other_replicas_stream() -> None:
    group = Following()
    group.watch.close()
    group.other.clients.end_session(LEGACY.session)
    group.stream.events(updated("x:a"))
    await group.one.clients.aclose()
    assert group.watcher.updates == []
    assert group.streams == []


async def test_a_stream_that_was_refused_to_a_call_is_asked_for_again_by_who_follows() -> None:
    one, other = replicas()
    asked = msgspec.structs.replace(LEGACY, capabilities=b'{"roots":{}}')
    one.send(asked)
    one.open("up-1")
    one.last.start(200, "text/event-stream")
    other.send(asked)
    other.last.respond(409, "text/plain")
    other.last.result(RESULT)
    watcher = RecordingWatcher()
    watch = other.clients.watch(ask(UPSTREAM, asked, "", {}), watcher, Tempo())
    watch.want(frozenset({"x:a"}))
    other.last.start(200, "text/event-stream")
    other.last.result({})
    assert other.said()[-2:] == ["GET", "resources/subscribe"]
    assert (watcher.stood, watcher.refusals) == ([({"x:a"}, {"x:a"}, False)], [])
    watch.close()
