"""Batches of 2025-03-26: each message is answered for itself, all together, and in no other
revision."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.data_plane.edge.batches import MAX_MESSAGES
from mcpgateway.data_plane.pipeline.channels.batch_line import MOST
from mcpgateway.data_plane.upstreams.request import Question, Reply
from support.endpoint import Endpoint, answer_of
from support.exchange import RecordingExchange
from support.many_replicas import Group
from support.registries import tool, upstream

RECORDS = (upstream(), tool())
CALL = {"name": "u1-t1"}


def session(endpoint: Endpoint, revision: str = "2025-03-26") -> bytes:
    params = {
        "protocolVersion": revision,
        "capabilities": {"sampling": {}},
        "clientInfo": {"name": "c", "version": "1"},
    }
    return endpoint.legacy("initialize", params).sent_headers[b"mcp-session-id"]


def send(
    endpoint: Endpoint, batch: Any, id: bytes = b"", version: bytes = b""
) -> RecordingExchange:
    lines = [(b"mcp-session-id", id)] if id else []
    if version:
        lines.append((b"mcp-protocol-version", version))
    body = batch if isinstance(batch, bytes) else msgspec.json.encode(batch)
    return endpoint.send(body, "", lines)


def request(method: str, id: Any = 1, params: Any = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}}


def events(exchange: RecordingExchange) -> list[Any]:
    lines = exchange.answer.split(b"\n")
    return [msgspec.json.decode(line[6:]) for line in lines if line[:6] == b"data: " and line[6:]]


def test_requests_are_answered_together_in_one_array() -> None:
    endpoint = Endpoint(RECORDS)
    batch = [request("ping", 1), request("tools/call", "two", CALL), request("nonsense", 3)]
    exchange = send(endpoint, batch)
    assert not exchange.started
    endpoint.upstreams.last.sink.answer(jsonrpc.response("two", b"{}"))
    answers = {answer["id"]: answer for answer in answer_of(exchange)}
    assert answers[1]["result"] == {}
    assert answers["two"]["result"] == {}
    assert answers[3]["error"]["code"] == jsonrpc.METHOD_NOT_FOUND


async def test_what_is_told_before_the_last_answer_makes_it_a_stream() -> None:
    endpoint = Endpoint(RECORDS)
    exchange = send(endpoint, [request("ping"), request("tools/call", 2, CALL)], session(endpoint))
    sink = endpoint.upstreams.last.sink
    sink.message(jsonrpc.notification("notifications/message", b'{"data":1}'))
    sink.answer(jsonrpc.response(2, b"{}"))
    first, second, third = events(exchange)
    assert (first["id"], second["method"], third["id"]) == (1, "notifications/message", 2)
    assert exchange.ended


def test_notifications_and_responses_alone_are_accepted() -> None:
    endpoint = Endpoint(RECORDS)
    id = session(endpoint)
    call = endpoint.legacy("tools/call", CALL, "", [(b"mcp-session-id", id)], id=7)
    cancel = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 7}}
    assert send(endpoint, [cancel, {"jsonrpc": "2.0", "id": "x", "result": {}}], id).status == 202
    assert endpoint.upstreams.last.ticket.asked == ["cancel"]
    assert call.ended


async def test_a_response_in_a_batch_finds_the_replica_that_asked() -> None:
    group = Group(RECORDS)
    first, second = group.endpoints["a"], group.endpoints["b"]
    id = session(first)
    call = first.legacy("tools/call", CALL, "", [(b"mcp-session-id", id)])
    taken: list[dict[str, Reply]] = []
    question = Question("sampling/createMessage", b"{}")
    first.upstreams.last.sink.ask({"9": question}, lambda replies: taken.append(dict(replies)))
    reply = {"jsonrpc": "2.0", "id": events(call)[0]["id"], "result": {"role": "assistant"}}
    exchange = send(second, [reply, request("ping", 5)], id)
    assert taken == [{"9": Reply(result=b'{"role":"assistant"}')}]
    assert answer_of(exchange) == [{"jsonrpc": "2.0", "id": 5, "result": {}}]


def test_what_is_no_message_is_answered_beside_the_rest() -> None:
    exchange = send(Endpoint(RECORDS), [7, request("ping"), {"jsonrpc": "1.0", "id": 2}])
    codes = [answer.get("error", {}).get("code") for answer in answer_of(exchange)]
    assert sorted(codes, key=str) == [jsonrpc.INVALID_REQUEST, jsonrpc.INVALID_REQUEST, None]


def test_initialize_can_not_be_part_of_a_batch() -> None:
    (answer,) = answer_of(send(Endpoint(RECORDS), [request("initialize")]))
    assert answer["error"]["code"] == jsonrpc.INVALID_REQUEST


@pytest.mark.parametrize(
    ("batch", "code"),
    [
        ([], jsonrpc.INVALID_REQUEST),
        ([request("ping", n) for n in range(MAX_MESSAGES + 1)], jsonrpc.INVALID_REQUEST),
        (b"[{", jsonrpc.PARSE_ERROR),
        (b"[" * 5000, jsonrpc.PARSE_ERROR),
    ],
)
def test_what_is_no_batch_is_400(batch: Any, code: int) -> None:
    exchange = send(Endpoint(RECORDS), batch)
    assert exchange.status == 400
    assert answer_of(exchange)["error"]["code"] == code


@pytest.mark.parametrize("revision", ["2024-11-05", "2025-06-18", "2025-11-25"])
def test_other_revisions_have_no_batches(revision: str) -> None:
    endpoint = Endpoint(RECORDS)
    exchange = send(endpoint, [request("ping")], session(endpoint, revision))
    assert exchange.status == 400
    assert "2025-03-26" in answer_of(exchange)["error"]["message"]


@pytest.mark.parametrize("version", [b"2025-06-18", b"2026-07-28"])
def test_nor_has_a_request_without_a_session_that_names_another(version: bytes) -> None:
    assert send(Endpoint(RECORDS), [request("ping")], version=version).status == 400


def test_answers_that_are_too_much_together_are_errors_of_their_own_requests() -> None:
    endpoint = Endpoint(RECORDS)
    exchange = send(endpoint, [request("tools/call", id, CALL) for id in range(5)])
    large = b'{"text":"%b"}' % (b"x" * (MOST // 3))
    for id, call in enumerate(endpoint.upstreams.calls):
        call.sink.answer(jsonrpc.response(id, large))
    answers = {answer["id"]: answer for answer in answer_of(exchange)}
    assert [id for id in range(5) if "result" in answers[id]] == [0, 1]
    assert "ask for less at once" in answers[4]["error"]["message"]
    assert len(exchange.answer) <= MOST + 4096
