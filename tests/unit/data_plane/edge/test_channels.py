"""HTTP+SSE pairs and WebSockets: the connection is the session, and a pair's messages may come in
at any replica."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc, sse
from mcpgateway.common.routing.model import Principal
from mcpgateway.data_plane.edge import channels
from mcpgateway.data_plane.edge.live_channel import MOST_CALLS
from mcpgateway.data_plane.upstreams.request import Question, Reply
from support.endpoint import JSON_HEADERS, Endpoint, bearer, token
from support.exchange import RecordingExchange, RecordingSocket
from support.many_replicas import Group
from support.registries import tool, upstream

BOB = Principal("bob@example.com", admin=True)
RECORDS = (BOB, upstream(), tool())
INITIALIZE = {
    "protocolVersion": "2024-11-05",
    "capabilities": {"sampling": {}},
    "clientInfo": {"name": "c", "version": "1"},
}
SAMPLE = Question("sampling/createMessage", b'{"messages":[]}')


def opened(endpoint: Endpoint, path: str = "/sse", **more: Any) -> RecordingExchange:
    exchange = RecordingExchange("GET", path, [bearer(token(**more))])
    endpoint.channels.stream(exchange, "")
    return exchange


def events(exchange: RecordingExchange) -> list[sse.Event]:
    return sse.Parser().feed(exchange.answer)


def where(exchange: RecordingExchange) -> str:
    return events(exchange)[0].data.decode()


def messages(exchange: RecordingExchange) -> list[Any]:
    return [msgspec.json.decode(event.data) for event in events(exchange)[1:]]


def post(
    endpoint: Endpoint, to: str, body: Any, *, subject: str = "ann@example.com"
) -> RecordingExchange:
    path, _, query = to.partition("?")
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    lines = [*JSON_HEADERS, bearer(token(subject))]
    exchange = RecordingExchange("POST", path, lines, raw, query=query)
    endpoint.channels.message(exchange, "")
    return exchange


def request(method: str, params: Any = None, id: Any = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}}


async def test_the_first_event_says_where_to_post_and_answers_come_as_events() -> None:
    endpoint = Endpoint(RECORDS)
    stream = opened(endpoint)
    assert stream.sent_headers[b"content-type"] == b"text/event-stream"
    assert events(stream)[0].event == "endpoint"
    assert where(stream).startswith("/message?session_id=gw1.")
    assert post(endpoint, where(stream), request("initialize", INITIALIZE)).status == 202
    (answer,) = messages(stream)
    assert (answer["id"], answer["result"]["protocolVersion"]) == (1, "2024-11-05")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/servers/5/sse", "/servers/5/message?"),
        ("/v1/sse/", "/v1/message?"),
    ],
)
async def test_the_endpoint_is_beside_the_stream(path: str, expected: str) -> None:
    assert where(opened(Endpoint(RECORDS), path)).startswith(expected)


async def test_a_call_runs_in_the_connections_session_and_is_answered_on_its_stream() -> None:
    endpoint = Endpoint(RECORDS)
    stream = opened(endpoint)
    post(endpoint, where(stream), request("initialize", INITIALIZE))
    post(endpoint, where(stream), request("tools/call", {"name": "u1-t1"}, "x"))
    sent = endpoint.upstreams.last
    assert sent.request.client.session
    assert sent.request.client.revision == "2024-11-05"
    sent.sink.message(jsonrpc.notification("notifications/progress", b'{"progress":1}'))
    sent.sink.answer(jsonrpc.response("x", b'{"ok":true}'))
    assert messages(stream)[1]["method"] == "notifications/progress"
    assert messages(stream)[2] == {"jsonrpc": "2.0", "id": "x", "result": {"ok": True}}


async def test_a_relayed_answer_is_collected_into_one_event() -> None:
    endpoint = Endpoint(RECORDS)
    stream = opened(endpoint)
    post(endpoint, where(stream), request("tools/call", {"name": "u1-t1"}))
    sink = endpoint.upstreams.last.sink
    sink.relay_head(200, [(b"content-type", b"application/json")])
    sink.relay_chunk(b'{"jsonrpc":"2.0",')
    sink.relay_chunk(b'"id":1,"result":{}}')
    sink.relay_end()
    assert messages(stream) == [{"jsonrpc": "2.0", "id": 1, "result": {}}]


async def test_the_client_is_asked_on_its_stream_and_replies_by_post() -> None:
    endpoint = Endpoint(RECORDS)
    stream = opened(endpoint)
    post(endpoint, where(stream), request("initialize", INITIALIZE))
    post(endpoint, where(stream), request("tools/call", {"name": "u1-t1"}, 2))
    batches: list[dict[str, Reply]] = []
    endpoint.upstreams.last.sink.ask({"9": SAMPLE}, lambda replies: batches.append(dict(replies)))
    asked = messages(stream)[1]
    assert asked["method"] == "sampling/createMessage"
    post(endpoint, where(stream), {"jsonrpc": "2.0", "id": asked["id"], "result": {"role": "a"}})
    assert batches == [{"9": Reply(result=b'{"role":"a"}')}]


async def test_a_cancellation_reaches_the_call() -> None:
    endpoint = Endpoint(RECORDS)
    stream = opened(endpoint)
    post(endpoint, where(stream), request("initialize", INITIALIZE))
    post(endpoint, where(stream), request("tools/call", {"name": "u1-t1"}, 2))
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}
    assert post(endpoint, where(stream), cancel).status == 202
    assert endpoint.upstreams.last.ticket.asked == ["cancel"]


async def test_a_message_may_come_in_at_another_replica() -> None:
    group = Group(RECORDS)
    first, second = group.endpoints["a"], group.endpoints["b"]
    stream = opened(first)
    assert post(second, where(stream), request("ping")).status == 202
    assert messages(stream) == [{"jsonrpc": "2.0", "id": 1, "result": {}}]


async def test_a_message_for_a_replica_that_is_gone_is_404() -> None:
    group = Group(RECORDS)
    stream = opened(group.endpoints.pop("a"))
    assert post(group.endpoints["b"], where(stream), request("ping")).status == 404


async def test_only_the_caller_that_opened_the_stream_may_post_to_it() -> None:
    endpoint = Endpoint(RECORDS)
    stream = opened(endpoint)
    assert post(endpoint, where(stream), request("ping"), subject=BOB.id).status == 404
    assert messages(stream) == []


@pytest.mark.parametrize(
    ("to", "status"),
    [("/message", 400), ("/message?session_id=x", 404), ("/message?session_id=gw1.AAAA", 404)],
)
async def test_a_message_must_name_its_stream(to: str, status: int) -> None:
    assert post(Endpoint(RECORDS), to, request("ping")).status == status


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"jsonrpc":"2.0","id":null,"method":"ping"}'])
async def test_what_is_no_message_is_refused_where_it_was_posted(body: bytes) -> None:
    endpoint = Endpoint(RECORDS)
    stream = opened(endpoint)
    assert post(endpoint, where(stream), body).status == 400
    assert messages(stream) == []


async def test_a_client_that_leaves_takes_its_calls_and_upstream_sessions_along() -> None:
    endpoint = Endpoint(RECORDS)
    stream = opened(endpoint)
    to = where(stream)
    post(endpoint, to, request("initialize", INITIALIZE))
    post(endpoint, to, request("tools/call", {"name": "u1-t1"}, 2))
    stream.leave()
    assert endpoint.upstreams.last.ticket.asked == ["cancel"]
    assert endpoint.upstreams.ended == [endpoint.upstreams.last.request.client.session]
    assert len(endpoint.channels) == 0
    assert post(endpoint, to, request("ping")).status == 404


async def test_a_slow_reader_pauses_its_upstreams() -> None:
    endpoint = Endpoint(RECORDS)
    stream = opened(endpoint)
    post(endpoint, where(stream), request("tools/call", {"name": "u1-t1"}))
    stream.clog()
    stream.unclog()
    assert endpoint.upstreams.last.ticket.asked == ["pause", "resume"]


async def test_the_modern_era_is_refused_with_the_way_to_go() -> None:
    endpoint = Endpoint(RECORDS)
    stream = opened(endpoint)
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}
    post(endpoint, where(stream), request("tools/list", {"_meta": meta}))
    (answer,) = messages(stream)
    assert answer["error"]["code"] == jsonrpc.UNSUPPORTED_PROTOCOL_VERSION
    assert "2024-11-05" in answer["error"]["data"]["supported"]


async def test_one_caller_does_not_take_the_last_place_for_clients_from_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(channels, "MAX_CHANNELS", 4)
    endpoint = Endpoint(RECORDS)
    own = [opened(endpoint) for _ in range(4)]
    assert [each.status for each in own] == [200, 200, 200, 503]
    assert opened(endpoint, subject=BOB.id).status == 200
    own[0].leave()
    own[1].leave()
    assert opened(endpoint).status == 200


async def test_clients_over_the_limit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "MAX_CHANNELS", 1)
    endpoint = Endpoint(RECORDS)
    opened(endpoint)
    assert opened(endpoint).status == 503


def connected(endpoint: Endpoint, **more: Any) -> tuple[RecordingExchange, RecordingSocket]:
    lines = [bearer(token(**more)), (b"upgrade", b"websocket")]
    exchange = RecordingExchange("GET", "/ws", lines)
    endpoint.channels.socket(exchange, "")
    return exchange, exchange.socket


def said(socket: RecordingSocket, body: Any) -> Any:
    """What a message is answered with."""
    socket.listener.message(body if isinstance(body, bytes) else msgspec.json.encode(body))
    return msgspec.json.decode(socket.sent[-1]) if socket.sent else None


async def test_each_message_of_a_websocket_is_a_message_of_the_protocol() -> None:
    endpoint = Endpoint(RECORDS)
    _, socket = connected(endpoint)
    answer = said(socket, request("initialize", {**INITIALIZE, "protocolVersion": "2025-06-18"}))
    assert answer["result"]["protocolVersion"] == "2025-06-18"
    said(socket, request("tools/call", {"name": "u1-t1"}, 2))
    assert endpoint.upstreams.last.request.client.session
    endpoint.upstreams.last.sink.answer(jsonrpc.response(2, b"{}"))
    assert msgspec.json.decode(socket.sent[-1]) == {"jsonrpc": "2.0", "id": 2, "result": {}}


async def test_what_is_no_message_is_answered_with_an_error_on_the_socket() -> None:
    _, socket = connected(Endpoint(RECORDS))
    assert said(socket, b"{")["error"]["code"] == jsonrpc.PARSE_ERROR
    assert socket.code == 0


async def test_a_socket_whose_caller_may_no_longer_call_is_closed() -> None:
    endpoint = Endpoint(RECORDS)
    _, socket = connected(endpoint)
    endpoint.clock.now += 10_000  # the token has expired
    said(socket, request("ping"))
    assert socket.code == 1008
    assert len(endpoint.channels) == 0


async def test_a_plain_get_is_told_that_a_handshake_is_needed() -> None:
    endpoint = Endpoint(RECORDS)
    exchange = RecordingExchange("GET", "/ws", [bearer(token())])
    endpoint.channels.socket(exchange, "")
    assert exchange.status == 426


@pytest.mark.parametrize(
    ("key", "status"), [(b"", 400), (b"dGhlIHNhbXBsZSBub25jZQ==", 426)], ids=["no key", "old"]
)
async def test_a_bad_handshake_is_told_what_is_wrong(key: bytes, status: int) -> None:
    endpoint = Endpoint(RECORDS)
    version = b"13" if status == 400 else b"8"
    lines = [
        bearer(token()),
        (b"upgrade", b"websockets, websocket"),
        (b"connection", b"upgrade"),
        (b"sec-websocket-version", version),
        (b"sec-websocket-key", key),
    ]
    exchange = RecordingExchange("GET", "/ws", lines)
    endpoint.channels.socket(exchange, "")
    assert exchange.status == status
    assert exchange.sent_headers[b"sec-websocket-version"] == b"13"


async def test_without_the_setting_there_is_no_websocket_and_the_answer_names_it() -> None:
    endpoint = Endpoint(RECORDS)
    off = channels.Channels(endpoint.callers, endpoint.conversations, endpoint.channel_parts)
    exchange = RecordingExchange("GET", "/ws", [bearer(token()), (b"upgrade", b"websocket")])
    off.socket(exchange, "")
    assert exchange.status == 404
    assert b"MCPGATEWAY_WS_RELAY_ENABLED" in exchange.answer


async def test_a_replica_that_stops_tells_everybody_to_go() -> None:
    endpoint = Endpoint(RECORDS)
    stream = opened(endpoint)
    _, socket = connected(endpoint)
    endpoint.channels.close()
    assert stream.ended
    assert socket.code == 1001
    assert len(endpoint.channels) == 0


async def test_one_connection_has_so_many_calls_under_way_and_no_more() -> None:
    endpoint = Endpoint(RECORDS)
    _, socket = connected(endpoint)
    for number in range(MOST_CALLS):
        said(socket, request("tools/call", {"name": "u1-t1"}, number))
    refused = said(socket, request("tools/call", {"name": "u1-t1"}, "one more"))
    assert refused["id"] == "one more"
    assert "under way" in refused["error"]["message"]
    endpoint.upstreams.calls[0].sink.answer(jsonrpc.response(0, b"{}"))
    said(socket, request("tools/call", {"name": "u1-t1"}, "now"))
    assert len(endpoint.upstreams.calls) == MOST_CALLS + 1
