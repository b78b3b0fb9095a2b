"""Clients of both eras are told what changed for them, once, and no longer than they may listen."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.routing.model import Access, Principal, Role, Rule
from mcpgateway.data_plane.pipeline.listening import register
from mcpgateway.data_plane.upstreams.request import Question, Reply
from support.endpoint import SECRET, USER, Endpoint, answer_of, bearer, signing_key, token
from support.exchange import RecordingExchange
from support.many_replicas import Group
from support.registries import BOB, USER_ROLE, prompt, resource, server, tool, upstream
from support.updates import RecordingUpdates

CAPABLE = upstream(capabilities=b'{"tools":{},"prompts":{},"resources":{"subscribe":true}}')
RECORDS = (USER_ROLE, BOB, CAPABLE, tool(), prompt(), resource())
TAG = "io.modelcontextprotocol/subscriptionId"
EVERYTHING = {
    "toolsListChanged": True,
    "promptsListChanged": True,
    "resourcesListChanged": True,
    "resourceSubscriptions": ["file:///r1"],
}


def made(*records: Any) -> tuple[Endpoint, RecordingUpdates]:
    updates = RecordingUpdates()
    return Endpoint(records or RECORDS, updates=updates), updates


def listen(endpoint: Endpoint, wanted: Any = None, server: str = "", id: Any = 7) -> Any:
    params = {"notifications": EVERYTHING if wanted is None else wanted}
    return endpoint.modern("subscriptions/listen", params, server, id=id)


def events(exchange: RecordingExchange) -> list[Any]:
    lines = exchange.answer.split(b"\n")
    return [msgspec.json.decode(line[6:]) for line in lines if line[:6] == b"data: " and line[6:]]


def methods(exchange: RecordingExchange) -> list[str]:
    return [event.get("method", "").removeprefix("notifications/") for event in events(exchange)]


async def test_what_is_honoured_is_acknowledged_first() -> None:
    endpoint, updates = made()
    wanted = {**EVERYTHING, "resourceSubscriptions": ["file:///r1", "mute:y"]}
    exchange = listen(endpoint, wanted)
    (ack,) = events(exchange)
    assert ack["method"] == "notifications/subscriptions/acknowledged"
    assert ack["params"]["_meta"] == {TAG: 7}
    honoured = ack["params"]["notifications"]
    assert honoured.pop("resourceSubscriptions") == sorted(updates.last.uris)
    assert honoured == {
        "toolsListChanged": True,
        "promptsListChanged": True,
        "resourcesListChanged": True,
    }
    assert exchange.sent_headers[b"x-accel-buffering"] == b"no"


async def test_a_changed_list_is_told_to_those_who_want_it_under_their_own_id() -> None:
    endpoint, _ = made()
    all_lists, tools_only = listen(endpoint), listen(endpoint, {"toolsListChanged": True}, id="x")
    endpoint.change(tool("t1", definition=b'{"name":"t1","description":"new"}'))
    endpoint.change(prompt("p2"))
    assert methods(all_lists)[1:] == ["tools/list_changed", "prompts/list_changed"]
    assert methods(tools_only)[1:] == ["tools/list_changed"]
    assert events(tools_only)[1]["params"]["_meta"] == {TAG: "x"}


async def test_at_a_virtual_server_only_its_members_count() -> None:
    endpoint, _ = made(*RECORDS, tool("t2"), server("s1", tools=("t1",)))
    exchange = listen(endpoint, server="s1")
    endpoint.change(tool("t2", definition=b'{"name":"t2","description":"new"}'))
    assert methods(exchange)[1:] == []
    endpoint.change(tool("t1", definition=b'{"name":"t1","description":"new"}'))
    assert methods(exchange)[1:] == ["tools/list_changed"]
    endpoint.change(server("s1", tools=("t1", "t2")))
    assert methods(exchange)[1:] == ["tools/list_changed"] * 2


async def test_the_list_of_a_searched_server_does_not_change_with_its_members() -> None:
    searched = server("s1", tools=("t1",), prompts=("p1",), discovery="search")
    endpoint, _ = made(*RECORDS, searched)
    exchange = listen(endpoint, server="s1")
    endpoint.change(tool("t1", definition=b'{"name":"t1","description":"new"}'))
    assert methods(exchange)[1:] == []
    endpoint.change(prompt("p1", definition=b'{"description":"new"}'))
    assert methods(exchange)[1:] == ["prompts/list_changed"]
    endpoint.change(server("s1", tools=("t1",), prompts=("p1",)))
    assert methods(exchange)[2:] == ["tools/list_changed"]


async def test_who_may_use_something_else_by_another_rule_or_role_is_told() -> None:
    endpoint, _ = made(*RECORDS, server("s1", tools=("t1",)))
    as_bob = f"Bearer {token(BOB.id)}"
    params = {"notifications": EVERYTHING}
    everywhere, at_server = (
        endpoint.modern("subscriptions/listen", params, at, authorization=as_bob)
        for at in ("", "s1")
    )
    admins = listen(endpoint)
    spec = b'{"actions":["tools.execute"],"subjects":{"principals":["bob@example.com"]}}'
    endpoint.change(Rule("x", "x", "deny", spec))
    assert methods(at_server)[1:] == ["tools/list_changed"]
    assert "tools/list_changed" in methods(everywhere)[1:]
    assert methods(admins)[1:] == []
    endpoint.change(Role(USER_ROLE.id, USER_ROLE.name, ()))
    assert at_server.ended  # it may not use the server any more
    assert not everywhere.ended


async def test_what_one_may_not_see_is_not_told() -> None:
    endpoint, _ = made()
    bob = endpoint.modern(
        "subscriptions/listen",
        {"notifications": EVERYTHING},
        authorization=f"Bearer {token(BOB.id)}",
    )
    private = Access("private", owner=USER.id)
    endpoint.change(tool("t9", access=private, definition=b'{"name":"t9"}'))
    assert methods(bob)[1:] == []


async def test_an_updated_resource_is_told_and_a_client_that_leaves_is_not_followed_for() -> None:
    endpoint, updates = made()
    exchange = listen(endpoint)
    updates.last.told("file:///r1")
    assert events(exchange)[1]["params"] == {"uri": "file:///r1", "_meta": {TAG: 7}}
    exchange.leave()
    assert updates.last.closed
    assert len(endpoint.conversations.listening) == 0


async def test_it_is_acknowledged_when_upstreams_have_said_what_they_tell() -> None:
    updates = RecordingUpdates(waits=True)
    endpoint = Endpoint(RECORDS, updates=updates)
    exchange = listen(endpoint)
    updates.last.told("file:///r1")
    assert events(exchange) == []
    updates.last.waiting.pop()()
    assert methods(exchange) == ["subscriptions/acknowledged", "resources/updated"]


async def test_a_client_that_leaves_before_is_not_followed_for() -> None:
    updates = RecordingUpdates(waits=True)
    endpoint = Endpoint(RECORDS, updates=updates)
    exchange = listen(endpoint)
    exchange.leave()
    assert updates.last.closed
    updates.last.waiting.pop()()
    assert exchange.answer == b""


async def test_a_slow_reader_is_told_each_change_once_when_it_reads_again() -> None:
    endpoint, updates = made()
    exchange = listen(endpoint)
    exchange.clog()
    for _ in range(5):
        updates.last.told("file:///r1")
    assert len(events(exchange)) == 1
    exchange.unclog()
    assert methods(exchange)[1:] == ["resources/updated"]


@pytest.mark.parametrize(
    "change",
    [
        lambda endpoint: endpoint.remove("principal", USER.id),
        lambda endpoint: endpoint.change(Principal(USER.id, admin=True, active=False)),
        lambda endpoint: endpoint.change(Principal(USER.id, admin=True, not_before=5.0)),
    ],
)
async def test_who_may_no_longer_call_is_told_so_within_the_swap(change: Any) -> None:
    endpoint, updates = made()
    exchange = listen(endpoint)
    change(endpoint)
    assert events(exchange)[-1]["error"]["code"] == jsonrpc.DENIED
    assert exchange.ended
    assert updates.last.closed


@pytest.mark.parametrize(
    "change",
    [
        lambda endpoint: endpoint.remove("signing_key", "jwt"),
        lambda endpoint: endpoint.change(signing_key(b"another-secret-of-the-same-length")),
        lambda endpoint: endpoint.put(USER, signing_key(b"another-secret-of-the-same-length")),
    ],
)
async def test_a_key_that_counts_no_more_ends_the_streams_that_it_let_in(change: Any) -> None:
    endpoint, _ = made()
    modern, standing = listen(endpoint), stand(endpoint, session(endpoint))
    endpoint.change(signing_key(b"one-more-secret-of-some-length!!", "more"))
    endpoint.change(msgspec.structs.replace(signing_key(), sealed=False, material=SECRET))
    assert (modern.ended, standing.ended) == (False, False)
    change(endpoint)
    assert (modern.ended, standing.ended) == (True, True)
    assert len(endpoint.conversations.listening) == 0


async def test_a_virtual_server_that_is_gone_ends_its_streams() -> None:
    endpoint, _ = made(*RECORDS, server("s1", tools=("t1",)))
    exchange = listen(endpoint, server="s1")
    endpoint.remove("server", "s1")
    assert exchange.ended


async def test_a_token_that_expires_ends_the_stream() -> None:
    endpoint, _ = made()
    exchange = listen(endpoint)
    endpoint.clock.now += 10_000
    endpoint.conversations.listening.expire()
    assert exchange.ended


async def test_a_replica_that_stops_ends_streams_gracefully() -> None:
    endpoint, _ = made()
    exchange = listen(endpoint)
    endpoint.conversations.listening.drain()
    assert events(exchange)[-1] == {
        "jsonrpc": "2.0",
        "id": 7,
        "result": {"resultType": "complete", "_meta": {TAG: 7}},
    }
    assert exchange.ended


@pytest.mark.parametrize("wanted", [[], "all", {"toolsListChanged": "yes"}])
async def test_a_filter_that_is_none_is_refused(wanted: Any) -> None:
    endpoint, _ = made()
    exchange = listen(endpoint, wanted)
    assert exchange.status == 400
    assert "params.notifications" in answer_of(exchange)["error"]["message"]


async def test_one_more_than_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "MAX_LISTENERS", 1)
    endpoint, _ = made()
    listen(endpoint)
    assert listen(endpoint).status == 503


# Legacy sessions.

CAN: dict[str, Any] = {"sampling": {}}


def session(endpoint: Endpoint) -> bytes:
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": CAN,
        "clientInfo": {"name": "c", "version": "1"},
    }
    return endpoint.legacy("initialize", params).sent_headers[b"mcp-session-id"]


def stand(endpoint: Endpoint, id: bytes) -> RecordingExchange:
    return endpoint.send(b"", "", [(b"mcp-session-id", id)], method="GET")


def session_of(endpoint: Endpoint, id: bytes) -> str:
    """The id within the sealed one, as upstreams' sessions are filed under it."""
    endpoint.legacy("tools/call", {"name": "u1-t1"}, "", [(b"mcp-session-id", id)])
    return endpoint.upstreams.last.request.client.session


async def test_a_sessions_standing_stream_hears_of_changed_lists() -> None:
    endpoint, _ = made()
    exchange = stand(endpoint, session(endpoint))
    assert exchange.status == 200
    endpoint.change(tool("t1", definition=b'{"name":"t1","description":"new"}'))
    (event,) = events(exchange)
    assert event["method"] == "notifications/tools/list_changed"
    assert TAG not in str(event)


async def test_without_a_session_there_is_no_stream() -> None:
    endpoint, _ = made()
    exchange = endpoint.send(b"", "", method="GET")
    assert exchange.status == 405


async def test_a_new_standing_stream_takes_the_place_of_the_old_one_at_any_replica() -> None:
    group = Group(RECORDS)
    first, second = group.endpoints["a"], group.endpoints["b"]
    id = session(first)
    old = stand(first, id)
    same = stand(first, id)
    assert old.ended
    stand(second, id)
    assert same.ended


async def test_a_subscription_may_be_made_at_another_replica_than_the_stream() -> None:
    updates = RecordingUpdates()
    group = Group(RECORDS, updates=updates, shared=True)
    first, second = group.endpoints["a"], group.endpoints["b"]
    id = session(first)
    exchange = stand(first, id)
    line = [(b"mcp-session-id", id)]
    done = second.legacy("resources/subscribe", {"uri": "file:///r1"}, "", line)
    await done.finished()
    assert answer_of(done)["result"] == {}
    assert updates.followings[0].wanted[-1] == {"file:///r1"}
    updates.followings[0].told("file:///r1")
    assert events(exchange)[-1]["params"] == {"uri": "file:///r1"}
    done = second.legacy("resources/unsubscribe", {"uri": "file:///r1"}, "", line)
    await done.finished()
    assert updates.followings[0].wanted[-1] == frozenset()


async def test_only_what_is_offered_can_be_subscribed_and_only_in_a_session() -> None:
    endpoint, _ = made()
    line = [(b"mcp-session-id", session(endpoint))]
    unknown = endpoint.legacy("resources/subscribe", {"uri": "memo://nowhere"}, "", line)
    assert answer_of(unknown)["error"]["code"] == jsonrpc.RESOURCE_NOT_FOUND
    bare = endpoint.legacy("resources/subscribe", {"uri": "file:///r1"})
    assert "session" in answer_of(bare)["error"]["message"]


async def test_an_upstream_may_ask_and_tell_outside_of_calls() -> None:
    endpoint, _ = made()
    id = session(endpoint)
    exchange, inner = stand(endpoint, id), session_of(endpoint, id)
    listening = endpoint.conversations.listening
    listening.told(inner, jsonrpc.notification("notifications/message", b'{"data":1}'))
    taken: list[dict[str, Reply]] = []
    question = Question("sampling/createMessage", b"{}")
    listening.asked(inner, {"1": question}, lambda replies: taken.append(dict(replies)))
    message, asked = events(exchange)
    assert message["method"] == "notifications/message"
    body = msgspec.json.encode({"jsonrpc": "2.0", "id": asked["id"], "result": {"role": "a"}})
    assert endpoint.send(body, "", [(b"mcp-session-id", id)]).status == 202
    assert taken == [{"1": Reply(result=b'{"role":"a"}')}]


async def test_without_a_standing_stream_an_upstreams_question_is_declined() -> None:
    endpoint, _ = made()
    taken: list[dict[str, Reply]] = []
    question = Question("sampling/createMessage", b"{}")
    endpoint.conversations.listening.asked(
        "nobody", {"1": question}, lambda replies: taken.append(dict(replies))
    )
    assert taken[0]["1"].error is not None


async def test_a_session_that_is_ended_ends_its_stream() -> None:
    group = Group(RECORDS, shared=True)
    first, second = group.endpoints["a"], group.endpoints["b"]
    id = session(first)
    exchange = stand(first, id)
    ended = second.send(b"", "", [(b"mcp-session-id", id)], method="DELETE")
    await ended.finished()
    assert exchange.ended


async def test_an_sse_pair_hears_of_changes_once_it_is_initialized() -> None:
    endpoint, _ = made()
    pair = RecordingExchange("GET", "/sse", [bearer(token())])
    endpoint.channels.stream(pair, "")
    to = pair.answer.partition(b"data: ")[2].partition(b"\n")[0].decode()
    for method, params in (
        ("initialize", {"protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {}}),
        ("ping", {}),
    ):
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        lines = [(b"content-type", b"application/json"), bearer(token())]
        path, _, query = to.partition("?")
        exchange = RecordingExchange("POST", path, lines, body, query=query)
        endpoint.channels.message(exchange, "")
    endpoint.change(tool("t1", definition=b'{"name":"t1","description":"new"}'))
    assert b"notifications/tools/list_changed" in pair.answer


async def test_a_modern_stream_ends_with_its_revision_and_says_what_is_offered_instead() -> None:
    endpoint, updates = made(*RECORDS, server("s1", tools=("t1",)))
    exchange = listen(endpoint, server="s1")
    endpoint.change(server("s1", tools=("t1",), protocol_versions=("2026-07-28", "2025-11-25")))
    assert len(endpoint.conversations.listening) == 1
    endpoint.change(server("s1", tools=("t1",), protocol_versions=("2025-11-25",)))
    assert exchange.ended
    error = events(exchange)[-1]["error"]
    assert error["code"] == jsonrpc.UNSUPPORTED_PROTOCOL_VERSION
    assert error["data"]["supported"] == ["2025-11-25"]
    assert updates.last.closed
    assert len(endpoint.conversations.listening) == 0


async def test_a_sessions_stream_ends_when_its_revision_is_withdrawn() -> None:
    endpoint, _ = made(*RECORDS, server("s1", tools=("t1",)))
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {}}
    opened = endpoint.legacy("initialize", hello, "s1").sent_headers[b"mcp-session-id"]
    exchange = endpoint.send(b"", "s1", [(b"mcp-session-id", opened)], method="GET")
    endpoint.change(server("s1", tools=("t1",), protocol_versions=("2025-06-18",)))
    assert len(endpoint.conversations.listening) == 1
    endpoint.change(server("s1", tools=("t1",), protocol_versions=("2025-11-25",)))
    assert exchange.ended
    assert len(endpoint.conversations.listening) == 0
