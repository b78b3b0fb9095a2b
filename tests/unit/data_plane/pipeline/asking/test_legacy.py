"""A legacy session's client is asked on the stream of its call; its reply finds back from any
replica, and nobody else's does."""

from typing import Any

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.routing.model import Principal
from mcpgateway.data_plane.upstreams.inquiry import Inquiry
from mcpgateway.data_plane.upstreams.request import Question, Reply
from support.endpoint import Endpoint, answer_of, token
from support.exchange import RecordingExchange
from support.many_replicas import Group
from support.registries import tool, upstream

BOB = Principal("bob@example.com", admin=True)
RECORDS = (BOB, upstream(), tool())
ASK = Question("elicitation/create", b'{"message":"name?","requestedSchema":{}}')
SAMPLE = Question("sampling/createMessage", b'{"messages":[]}')
ACCEPT = {"action": "accept", "content": {"name": "Ann"}}


class Taken:
    """What the upstream was replied, batch by batch."""

    def __init__(self) -> None:
        self.batches: list[dict[str, Reply]] = []

    def __call__(self, replies: Any) -> None:
        self.batches.append(dict(replies))


def session(endpoint: Endpoint, revision: str = "2025-11-25", **capabilities: Any) -> bytes:
    params = {
        "protocolVersion": revision,
        "capabilities": capabilities or {"elicitation": {}},
        "clientInfo": {"name": "c", "version": "1"},
    }
    return endpoint.legacy("initialize", params).sent_headers[b"mcp-session-id"]


def call(endpoint: Endpoint, id: bytes, **more: Any) -> RecordingExchange:
    return endpoint.legacy("tools/call", {"name": "u1-t1"}, "", [(b"mcp-session-id", id)], **more)


def events(exchange: RecordingExchange) -> list[Any]:
    """The messages on a stream, without priming events."""
    lines = exchange.answer.split(b"\n")
    return [msgspec.json.decode(line[6:]) for line in lines if line[:6] == b"data: " and line[6:]]


def reply(
    endpoint: Endpoint, session_id: bytes, id: Any, authorization: str | None = None, **members: Any
) -> RecordingExchange:
    body = msgspec.json.encode({"jsonrpc": "2.0", "id": id, **members})
    lines = [(b"mcp-session-id", session_id)] if session_id else []
    return endpoint.send(body, "", lines, authorization=authorization)


async def test_a_question_is_a_request_on_the_calls_stream_and_its_response_the_reply() -> None:
    endpoint = Endpoint(RECORDS)
    id = session(endpoint)
    exchange, taken = call(endpoint, id), Taken()
    endpoint.upstreams.last.sink.ask({"9": ASK}, taken)
    (request,) = events(exchange)
    assert request["method"] == "elicitation/create"
    assert request["params"] == {"message": "name?", "requestedSchema": {}}
    assert reply(endpoint, id, request["id"], result=ACCEPT).status == 202
    assert msgspec.json.decode(taken.batches[0]["9"].result or b"") == ACCEPT
    endpoint.upstreams.last.sink.answer(jsonrpc.response(1, b"{}"))
    assert events(exchange)[-1] == {"jsonrpc": "2.0", "id": 1, "result": {}}
    assert exchange.ended


async def test_an_error_is_a_reply_too() -> None:
    endpoint = Endpoint(RECORDS)
    id = session(endpoint)
    exchange, taken = call(endpoint, id), Taken()
    endpoint.upstreams.last.sink.ask({"9": ASK}, taken)
    error = {"code": -32000, "message": "no"}
    reply(endpoint, id, events(exchange)[0]["id"], error=error)
    assert msgspec.json.decode(taken.batches[0]["9"].error or b"") == error


async def test_questions_that_come_together_are_answered_together() -> None:
    endpoint = Endpoint(RECORDS)
    id = session(endpoint, elicitation={}, sampling={})
    exchange, taken = call(endpoint, id), Taken()
    endpoint.upstreams.last.sink.ask({"1": ASK, "2": SAMPLE}, taken)
    first, second = events(exchange)
    reply(endpoint, id, second["id"], result={"role": "assistant"})
    assert not taken.batches
    reply(endpoint, id, first["id"], result=ACCEPT)
    assert set(taken.batches[0]) == {"1", "2"}


async def test_the_reply_may_come_in_at_another_replica() -> None:
    group = Group(RECORDS)
    first, second = group.endpoints["a"], group.endpoints["b"]
    id = session(first)
    exchange, taken = call(first, id), Taken()
    first.upstreams.last.sink.ask({"9": ASK}, taken)
    assert reply(second, id, events(exchange)[0]["id"], result=ACCEPT).status == 202
    assert taken.batches
    assert group.handed == [("b", "a")]


async def test_a_reply_to_a_replica_that_is_gone_is_taken_and_dropped() -> None:
    group = Group(RECORDS)
    id = session(group.endpoints["b"])
    gone = group.endpoints.pop("a")
    exchange = call(gone, id)
    gone.upstreams.last.sink.ask({"9": ASK}, Taken())
    assert reply(group.endpoints["b"], id, events(exchange)[0]["id"], result={}).status == 202


async def test_a_reply_counts_once_and_only_from_the_caller_that_was_asked() -> None:
    endpoint = Endpoint(RECORDS)
    id = session(endpoint)
    exchange, taken = call(endpoint, id), Taken()
    endpoint.upstreams.last.sink.ask({"9": ASK}, taken)
    asked = events(exchange)[0]["id"]
    bob = f"Bearer {token(BOB.id)}"
    assert reply(endpoint, b"", asked, bob, result=ACCEPT).status == 202
    assert reply(endpoint, id, "gw1.AAAA", result=ACCEPT).status == 202
    assert reply(endpoint, id, 7, result=ACCEPT).status == 202
    assert not taken.batches
    reply(endpoint, id, asked, result=ACCEPT)
    reply(endpoint, id, asked, result=ACCEPT)
    assert len(taken.batches) == 1


async def test_what_the_session_did_not_declare_is_declined_without_asking() -> None:
    endpoint = Endpoint(RECORDS)
    exchange, taken = call(endpoint, session(endpoint)), Taken()
    endpoint.upstreams.last.sink.ask({"9": SAMPLE}, taken)
    assert taken.batches[0]["9"].error is not None
    assert not exchange.started


async def test_a_client_without_a_session_can_not_be_asked() -> None:
    endpoint = Endpoint(RECORDS)
    exchange, taken = endpoint.legacy("tools/call", {"name": "u1-t1"}), Taken()
    endpoint.upstreams.last.sink.ask({"9": ASK}, taken)
    assert taken.batches[0]["9"].error is not None
    endpoint.upstreams.last.sink.answer(jsonrpc.response(1, b"{}"))
    assert answer_of(exchange)["result"] == {}


async def test_a_reply_after_the_call_is_over_changes_nothing() -> None:
    endpoint = Endpoint(RECORDS)
    id = session(endpoint)
    exchange, taken = call(endpoint, id), Taken()
    sink = endpoint.upstreams.last.sink
    sink.ask({"9": ASK}, taken)
    sink.answer(jsonrpc.response(1, b"{}"))
    assert reply(endpoint, id, events(exchange)[0]["id"], result=ACCEPT).status == 202
    assert not taken.batches


async def test_the_reply_to_a_question_that_can_be_withdrawn_is_taken_after_the_call_too() -> None:
    endpoint = Endpoint(RECORDS)
    id = session(endpoint)
    exchange, taken = call(endpoint, id), Taken()
    sink = endpoint.upstreams.last.sink
    sink.ask({"9": ASK}, Inquiry(taken))
    sink.answer(jsonrpc.response(1, b"{}"))
    reply(endpoint, id, events(exchange)[0]["id"], result=ACCEPT)
    assert msgspec.json.decode(taken.batches[0]["9"].result or b"") == ACCEPT


async def test_a_question_that_is_withdrawn_after_its_call_is_not_told_on_the_calls_stream() -> (
    None
):
    endpoint = Endpoint(RECORDS)
    id = session(endpoint)
    exchange, taken = call(endpoint, id), Taken()
    sink, inquiry = endpoint.upstreams.last.sink, Inquiry(taken)
    sink.ask({"9": ASK}, inquiry)
    sink.answer(jsonrpc.response(1, b"{}"))
    inquiry.withdraw()
    assert [each.get("method") for each in events(exchange)] == ["elicitation/create", None]
    assert reply(endpoint, id, events(exchange)[0]["id"], result=ACCEPT).status == 202
    assert not taken.batches
