"""One listen stream at an upstream of 2026-07-28: what is asked, believed, and tried again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.mcp.revisions import META_SUBSCRIPTION_ID, V2026_07_28
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from mcpgateway.data_plane.upstreams.sessions.standing import STREAMS
from mcpgateway.data_plane.upstreams.targets import Target
from mcpgateway.data_plane.upstreams.watching import Pace, Tempo
from support.http_client import FakeHttp, Sent
from support.sinks import MODERN, ask, upstream
from support.wait import until
from support.watchers import RecordingWatcher

UPSTREAM = upstream()
AUTHORIZATION = (b"authorization", b"Bearer sesame")


class Rig:
    def __init__(self, **pace: float) -> None:
        self.http = FakeHttp()
        self.announced: list[str] = []
        self.clients = UpstreamClients(self.http, announced=self.announced.append)
        self.heard = RecordingWatcher()
        request = ask(UPSTREAM, MODERN, "", {}, headers=(AUTHORIZATION,))
        slow = {"first": 60.0, "most": 60.0, "overlap": 60.0, **pace}
        tempo = Tempo(Pace(**slow), lambda: 0.0)
        self.watch = self.clients.watch(request, self.heard, tempo)

    @property
    def target(self) -> Target:
        return self.clients._shared.targets.of(UPSTREAM)

    def want(self, *uris: str) -> None:
        self.watch.want(frozenset(uris))

    @property
    def last(self) -> Sent:
        return self.http.sent[-1]

    def stands(self, *uris: str) -> Sent:
        """The upstream acknowledges the last request, with these URIs of it."""
        sent = self.last
        sent.start(200, "text/event-stream")
        told = {"notifications": {"resourceSubscriptions": list(uris)}}
        sent.events(note("subscriptions/acknowledged", sent, **told))
        return sent


def note(method: str, sent: Sent, **params: Any) -> Any:
    meta = {META_SUBSCRIPTION_ID: sent.message["id"]}
    params = {**params, "_meta": meta}
    return {"jsonrpc": "2.0", "method": f"notifications/{method}", "params": params}


def updated(sent: Sent, uri: str = "x:a") -> Any:
    return note("resources/updated", sent, uri=uri)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    yield rig
    rig.watch.close()


async def test_it_asks_for_the_resources_in_the_auth_context_of_the_request(rig: Rig) -> None:
    rig.want("x:b", "x:a")
    assert rig.last.headers["mcp-method"] == "subscriptions/listen"
    assert rig.last.headers["mcp-protocol-version"] == V2026_07_28
    assert rig.last.headers["authorization"] == "Bearer sesame"
    params = rig.last.message["params"]
    assert params["notifications"] == {"resourceSubscriptions": ["x:a", "x:b"]}
    assert params["_meta"]["io.modelcontextprotocol/clientCapabilities"] == {}


async def test_what_is_acknowledged_is_followed_and_nothing_is_told_before(rig: Rig) -> None:
    rig.want("x:a", "x:b")
    rig.last.start(200, "text/event-stream")
    rig.last.events(updated(rig.last))
    assert rig.heard.updates == []
    sent = rig.stands("x:a", "x:never-asked-for")
    sent.events(updated(sent))
    assert rig.heard.stood == [({"x:a", "x:b"}, {"x:a"}, False)]
    assert rig.heard.updates == ["x:a"]


@pytest.mark.parametrize(
    "said",
    [
        {"_meta": {META_SUBSCRIPTION_ID: "another"}, "uri": "x:a"},
        {"uri": "x:a"},
        {"_meta": {META_SUBSCRIPTION_ID: None}, "uri": 7},
        {"_meta": 7, "uri": "x:a"},
    ],
)
async def test_what_is_not_said_for_this_subscription_is_not_believed(rig: Rig, said: Any) -> None:
    rig.want("x:a")
    sent = rig.stands("x:a")
    sent.events({"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": said})
    sent.receiver.chunk(b"data: {broken\n\n")
    assert rig.heard.updates == []
    sent.events(updated(sent))
    assert rig.heard.updates == ["x:a"]


async def test_a_new_stream_stands_before_the_old_one_goes() -> None:
    rig = Rig(overlap=0.01)
    rig.want("x:a")
    old = rig.stands("x:a")
    rig.want("x:a", "x:b")
    old.events(updated(old))
    assert not old.cancelled
    new = rig.stands("x:a", "x:b")
    assert rig.heard.stood[-1] == ({"x:a", "x:b"}, {"x:a", "x:b"}, False)
    old.events(updated(old))  # was on its way
    new.events(updated(new, "x:b"))
    assert rig.heard.updates == ["x:a", "x:a", "x:b"]
    await until(lambda: old.cancelled, "the old stream goes")
    assert rig.target.standing == 1
    rig.watch.close()
    assert new.cancelled
    assert rig.target.standing == 0


async def test_wishes_that_come_while_one_is_under_way_become_one(rig: Rig) -> None:
    rig.want("x:a")
    rig.want("x:a", "x:b")
    rig.want("x:a", "x:c")
    assert len(rig.http.sent) == 1
    rig.stands("x:a")
    assert len(rig.http.sent) == 2
    asked = rig.last.message["params"]["notifications"]["resourceSubscriptions"]
    assert asked == ["x:a", "x:c"]


async def test_a_stream_that_breaks_is_opened_again_and_the_gap_is_told() -> None:
    rig = Rig(first=0.01)
    rig.want("x:a")
    rig.stands("x:a").end()
    await until(lambda: len(rig.http.sent) == 2, "it is opened again")
    rig.last.fail(UpstreamUnreachable("connection refused"))
    await until(lambda: len(rig.http.sent) == 3, "once more")
    rig.stands("x:a")
    assert rig.heard.stood[-1] == ({"x:a"}, {"x:a"}, True)
    assert rig.target.standing == 1
    rig.watch.close()


async def test_one_that_stood_and_is_ended_in_good_order_is_opened_at_once() -> None:
    rig = Rig(settled=0.0)
    rig.want("x:a")
    sent = rig.stands("x:a")
    sent.events({"jsonrpc": "2.0", "id": sent.message["id"], "result": {"resultType": "complete"}})
    assert len(rig.http.sent) == 2
    rig.stands("x:a")
    assert rig.heard.stood[-1][2] is True
    rig.watch.close()


async def test_one_that_is_ended_at_once_is_not_opened_in_a_whirl(rig: Rig) -> None:
    rig.want("x:a")
    sent = rig.stands("x:a")
    sent.events({"jsonrpc": "2.0", "id": sent.message["id"], "result": {}})
    assert len(rig.http.sent) == 1


@pytest.mark.parametrize("status", [200, 400, 413])
async def test_a_wish_that_the_upstream_finds_fault_with_does_not_end_what_stands(
    rig: Rig, status: int
) -> None:
    rig.want("x:a")
    standing = rig.stands("x:a")
    rig.want("x:a", "%zz")
    error = {"code": -32602, "message": "no URI"}
    rig.last.json({"jsonrpc": "2.0", "id": rig.last.message["id"], "error": error}, status)
    assert not standing.cancelled
    assert rig.heard.refusals == []


async def test_an_upstream_that_knows_no_such_thing_is_asked_once(rig: Rig) -> None:
    rig.want("x:a")
    error = {"code": -32601, "message": "no"}
    rig.last.json({"jsonrpc": "2.0", "id": rig.last.message["id"], "error": error})
    assert rig.heard.refusals == [True]
    rig.want("x:b")
    assert len(rig.http.sent) == 1


@pytest.mark.parametrize("status", [401, 404, 405])
async def test_a_refusal_by_status_is_for_good(rig: Rig, status: int) -> None:
    rig.want("x:a")
    rig.last.respond(status, "text/plain")
    assert rig.heard.refusals == [True]
    assert rig.target.standing == 0


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_upstream_in_trouble_is_asked_again(status: int) -> None:
    rig = Rig(first=0.01)
    rig.want("x:a")
    rig.last.respond(status, "text/plain")
    await until(lambda: len(rig.http.sent) == 2, "it is asked again")
    assert rig.heard.refusals == []
    rig.watch.close()


async def test_an_upstream_that_speaks_the_other_era_is_looked_at_again(rig: Rig) -> None:
    rig.want("x:a")
    error = {"code": -32000, "message": "Bad Request: Server not initialized"}
    rig.last.json({"jsonrpc": "2.0", "id": None, "error": error}, 400)
    assert rig.announced == ["u1"]


async def test_where_there_can_be_only_one_stream_the_old_one_makes_way() -> None:
    rig = Rig(first=0.01)
    rig.want("x:a")
    old = rig.stands("x:a")
    rig.want("x:a", "x:b")
    error = {"code": -32603, "message": "Subscription limit reached"}
    rig.last.json({"jsonrpc": "2.0", "id": rig.last.message["id"], "error": error})
    assert old.cancelled
    await until(lambda: len(rig.http.sent) == 3, "it is asked again")
    rig.stands("x:a", "x:b")
    assert rig.heard.stood[-1] == ({"x:a", "x:b"}, {"x:a", "x:b"}, True)
    rig.watch.close()


async def test_streams_take_no_more_than_their_share_of_the_connections(rig: Rig) -> None:
    rig.target.standing = int(rig.target.connections * STREAMS)
    rig.want("x:a")
    assert rig.heard.refusals == [False]
    assert rig.http.sent == []


async def test_the_wait_doubles_with_each_failure_up_to_its_most_less_a_half_by_chance() -> None:
    pace = Pace(first=1.0, most=30.0)
    waits = [pace.wait(failures, 0.0) for failures in range(8)]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert pace.wait(10_000, 1.0) == 15.0
