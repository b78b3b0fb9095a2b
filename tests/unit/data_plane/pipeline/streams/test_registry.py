"""A broken stream of a legacy session goes on where it broke off, at any replica, for its own
client; what is kept is bounded."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.routing.model import Principal
from mcpgateway.data_plane.pipeline.streams import kept, registry
from mcpgateway.data_plane.pipeline.streams.client_stream import KEPT_EVENTS, UNSENT
from mcpgateway.data_plane.upstreams.request import Sink
from support.endpoint import Endpoint, token
from support.exchange import RecordingExchange
from support.many_replicas import Group
from support.registries import tool, upstream

BOB = Principal("bob@example.com", admin=True)
RECORDS = (BOB, upstream(), tool())


def session(endpoint: Endpoint, revision: str = "2025-11-25") -> bytes:
    params = {
        "protocolVersion": revision,
        "capabilities": {},
        "clientInfo": {"name": "c", "version": "1"},
    }
    return endpoint.legacy("initialize", params).sent_headers[b"mcp-session-id"]


def call(endpoint: Endpoint, id: bytes) -> tuple[RecordingExchange, Sink]:
    exchange = endpoint.legacy("tools/call", {"name": "u1-t1"}, "", [(b"mcp-session-id", id)])
    return exchange, endpoint.upstreams.last.sink


def progress(number: int) -> bytes:
    return jsonrpc.notification("notifications/progress", b'{"progress":%d}' % number)


def back(endpoint: Endpoint, session_id: bytes, event_id: str, **more: Any) -> RecordingExchange:
    lines = [(b"mcp-session-id", session_id), (b"last-event-id", event_id.encode())]
    return endpoint.send(b"", "", lines, method="GET", **more)


def ids(exchange: RecordingExchange) -> list[str]:
    return [line[4:].decode() for line in exchange.answer.split(b"\n") if line[:4] == b"id: "]


async def test_a_stream_begins_with_an_id_to_come_back_with() -> None:
    endpoint = Endpoint(RECORDS)
    exchange, sink = call(endpoint, session(endpoint))
    sink.message(progress(1))
    assert exchange.answer.startswith(b"id: gw1.")
    assert b"\ndata: \n\n" in exchange.answer
    assert len(set(ids(exchange))) == 2


async def test_older_clients_get_no_event_without_data() -> None:
    endpoint = Endpoint(RECORDS)
    exchange, sink = call(endpoint, session(endpoint, "2025-06-18"))
    sink.message(progress(1))
    assert b"data: \n" not in exchange.answer
    assert len(ids(exchange)) == 1


async def test_an_answer_without_messages_before_it_is_plain_json() -> None:
    endpoint = Endpoint(RECORDS)
    exchange, sink = call(endpoint, session(endpoint))
    sink.answer(jsonrpc.response(1, b"{}"))
    assert exchange.answer == b'{"jsonrpc":"2.0","id":1,"result":{}}'
    assert len(endpoint.conversations.streams) == 0


@pytest.mark.parametrize("replica", ["a", "b"])
async def test_a_client_that_left_gets_what_it_missed_and_the_rest(replica: str) -> None:
    group = Group(RECORDS)
    endpoint = group.endpoints["a"]
    id = session(endpoint)
    exchange, sink = call(endpoint, id)
    sink.message(progress(1))
    sink.message(progress(2))
    exchange.leave()
    assert "cancel" not in endpoint.upstreams.last.ticket.asked
    sink.message(progress(3))
    again = back(group.endpoints[replica], id, ids(exchange)[1])
    assert again.answer.count(b'"progress":1') == 0
    assert again.answer.count(b'"progress":2') == 1
    assert again.answer.count(b'"progress":3') == 1
    sink.answer(jsonrpc.response(1, b"{}"))
    assert b'"result":{}' in again.answer
    assert again.ended


async def test_an_answer_that_came_meanwhile_is_there_and_ends_the_stream() -> None:
    endpoint = Endpoint(RECORDS)
    id = session(endpoint)
    exchange, sink = call(endpoint, id)
    sink.message(progress(1))
    exchange.leave()
    sink.answer(jsonrpc.response(1, b"{}"))
    again = back(endpoint, id, ids(exchange)[0])
    assert b'"progress":1' in again.answer
    assert b'"result":{}' in again.answer
    assert again.ended


async def test_who_comes_back_takes_the_stream_over() -> None:
    endpoint = Endpoint(RECORDS)
    id = session(endpoint)
    exchange, sink = call(endpoint, id)
    sink.message(progress(1))
    again = back(endpoint, id, ids(exchange)[0])
    assert exchange.ended
    sink.message(progress(2))
    assert b'"progress":2' in again.answer


async def test_of_a_stream_lost_with_its_replica_the_client_is_told_and_keeps_its_session() -> None:
    group = Group(RECORDS)
    gone = group.endpoints.pop("a")
    id = session(gone)
    exchange, sink = call(gone, id)
    sink.message(progress(1))
    assert back(group.endpoints["b"], id, ids(exchange)[0]).status == 400


@pytest.mark.parametrize("event_id", ["", "7", "gw1.AAAA.1", "x.y", "gw1.AAAA." + "9" * 40])
async def test_foreign_event_ids_are_400(event_id: str) -> None:
    endpoint = Endpoint(RECORDS)
    assert back(endpoint, session(endpoint), event_id).status == 400


async def test_another_principal_can_not_resume_a_stream() -> None:
    endpoint = Endpoint(RECORDS)
    id = session(endpoint)
    exchange, sink = call(endpoint, id)
    sink.message(progress(1))
    stolen = back(endpoint, id, ids(exchange)[0], authorization=f"Bearer {token(BOB.id)}")
    assert stolen.status == 404  # not its session
    assert not exchange.ended


async def test_of_a_long_stream_the_newest_events_are_kept() -> None:
    endpoint = Endpoint(RECORDS)
    id = session(endpoint)
    exchange, sink = call(endpoint, id)
    sink.message(progress(0))
    exchange.leave()
    for number in range(1, KEPT_EVENTS + 50):
        sink.message(progress(number))
    again = back(endpoint, id, ids(exchange)[0])
    assert again.answer.count(b"data: ") == KEPT_EVENTS
    assert b'"progress":%d}' % (KEPT_EVENTS + 49) in again.answer


async def test_a_slow_reader_slows_the_upstream_and_one_that_left_does_not() -> None:
    endpoint = Endpoint(RECORDS)
    exchange, sink = call(endpoint, session(endpoint))
    ticket = endpoint.upstreams.last.ticket
    sink.message(progress(1))
    exchange.clog()
    assert ticket.asked[-1] == "pause"
    exchange.leave()
    assert ticket.asked[-1] == "resume"


async def test_a_client_that_does_not_read_is_cut_off_and_may_come_back() -> None:
    endpoint = Endpoint(RECORDS)
    id = session(endpoint)
    exchange, sink = call(endpoint, id)
    sink.message(progress(1))
    exchange.clog()
    big = jsonrpc.notification("notifications/message", b'{"data":"%b"}' % (b"x" * (1 << 20)))
    for _ in range(UNSENT >> 20):  # an upstream need not heed that it is asked to pause
        sink.message(big)
    assert (exchange.aborted, len(exchange.answer) <= UNSENT + 1024) == (True, True)
    assert endpoint.upstreams.last.ticket.asked == ["pause", "resume"]
    sink.message(progress(2))
    assert b'"progress":2' in back(endpoint, id, ids(exchange)[-1]).answer


async def test_streams_keep_no_more_than_there_is_room_for_in_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "MOST", 1000)
    endpoint = Endpoint(RECORDS)
    id = session(endpoint)
    (first, sink), (second, other) = call(endpoint, id), call(endpoint, id)
    for number in range(10):
        sink.message(progress(number))
        other.message(jsonrpc.notification("notifications/message", b'"%b"' % (b"x" * 400)))
    assert first.answer.count(b"notifications/progress") == 10
    for exchange in (first, second):
        exchange.leave()
    missed = [
        back(endpoint, id, ids(each)[0]).answer.count(b'data: {"') for each in (first, second)
    ]
    assert sum(missed) < 20
    sink.answer(jsonrpc.response(1, b"{}"))
    assert b'"result"' in back(endpoint, id, ids(first)[0]).answer


async def test_who_leaves_very_many_streams_loses_its_own_and_nobody_elses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "MAX_STREAMS", 4)
    endpoint = Endpoint(RECORDS)
    ann, bob = session(endpoint), session_of_bob(endpoint)
    others = call_of_bob(endpoint, bob)
    left = []
    for _ in range(9):
        exchange, sink = call(endpoint, ann)
        sink.message(progress(1))
        exchange.leave()
        left.append(exchange)
    assert len(endpoint.conversations.streams) == 3
    assert back(endpoint, ann, ids(left[0])[0]).status == 400
    assert (
        back(endpoint, bob, ids(others)[0], authorization=f"Bearer {token(BOB.id)}").status == 200
    )


def session_of_bob(endpoint: Endpoint) -> bytes:
    params = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "c", "version": "1"},
    }
    body = jsonrpc.request(1, "initialize", msgspec.json.encode(params))
    exchange = endpoint.send(body, authorization=f"Bearer {token(BOB.id)}")
    return exchange.sent_headers[b"mcp-session-id"]


def call_of_bob(endpoint: Endpoint, id: bytes) -> RecordingExchange:
    """One whose stream was left."""
    body = jsonrpc.request(1, "tools/call", b'{"name":"u1-t1"}')
    lines = [(b"mcp-session-id", id)]
    exchange = endpoint.send(body, "", lines, authorization=f"Bearer {token(BOB.id)}")
    endpoint.upstreams.last.sink.message(progress(1))
    exchange.leave()
    return exchange
