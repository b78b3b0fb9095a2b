"""Calls on their shortcut, between any two eras: whatever comes of them, clients, upstreams and
books are told what they are told on the long way."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from mcpgateway.common import jsonrpc, sse
from mcpgateway.common.errors import UpstreamTimeout
from mcpgateway.data_plane.pipeline.shortcuts.short_call import ShortCall
from support.exchange import RecordingExchange
from support.http_client import Sent
from support.shortcuts import IN_SESSIONS, KINDS, Kind, RecordingTurn, Rig, whole, wire_id

OF_SESSIONS = [kind for kind in KINDS if kind.client == "session"]


def learnt(kind: Kind) -> Rig:
    rig = Rig(kind=kind)
    rig.learn()
    rig.http.sent.clear()
    return rig


def answer(id: Any, **members: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "id": id, **members}).encode()


class Ways:
    """The same call by both ways, each in a rig of its own."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.long, self.short = learnt(kind), learnt(kind)
        body = self.long.call("an id" if kind.client == "lone" else 7)
        self.exchange = self.long.send(body)
        self.sent: Sent = self.long.http.sent.pop()
        self.turn, self.call = self.short.run(body)
        assert isinstance(self.call, ShortCall)
        assert wire_id(self.sent) == wire_id(self.call)
        self.id = wire_id(self.sent)

    def answer(self, body: bytes, status: int = 200, kind: str = "application/json") -> None:
        self.sent.respond(status, kind, body)
        whole(self.call, body, status, kind.encode())

    def alike(self) -> None:
        """What both have answered and sent since, and what is still under way."""
        for rig in (self.long, self.short):
            rig.open()
        assert answered(self.turn) == (self.exchange.status, self.exchange.answer)
        assert written(self.short) == written(self.long)
        assert self.short.outcomes() == self.long.outcomes()
        assert self.short.under_way() == self.long.under_way()
        assert self.received(self.short) == self.received(self.long)

    @staticmethod
    def received(rig: Rig) -> list[float]:
        return [series.received.value for series in rig.calls._series.values()]


def answered(turn: RecordingTurn) -> tuple[int, bytes]:
    exchange = turn.became
    if exchange is None:
        return (200, b"".join(turn.answers)) if turn.answers else (0, b"")
    assert turn.answers == []
    return exchange.status, exchange.answer


def written(rig: Rig) -> list[tuple[bytes, bytes]]:
    return [(sent.head, sent.body) for sent in rig.http.sent]


RESULTS = [
    {"content": []},
    {"content": [{"type": "text", "text": "\u00e9"}], "x": 1.10},
    {"content": [], "structuredContent": {"a": 1}, "_meta": {"k": "v"}},
    {"resultType": "complete", "ttlMs": 5, "content": [], "structuredContent": [1]},
    {"resultType": "other"},
    {"resultType": "input_required", "inputRequests": {}},
    [],
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("result", RESULTS)
async def test_a_result_is_what_it_is_on_the_long_way(kind: Kind, result: Any) -> None:
    ways = Ways(kind)
    ways.answer(answer(ways.id, result=result))
    ways.alike()


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_plain_result_needs_no_exchange_and_leaves_nothing_behind(kind: Kind) -> None:
    rig = learnt(kind)
    turn, short = rig.run()
    whole(short, answer(wire_id(short), result={**rig.result, "content": []}))
    assert turn.became is None
    assert len(turn.answers) == 1
    assert rig.outcomes() == {"ok": 4} if kind.client != "session" else {"ok": 5}
    assert rig.under_way() == (0, 0, 0)


OTHERS: list[Callable[[Any], bytes]] = [
    lambda id: answer(id, error={"code": -32602, "message": "no"}),
    lambda id: answer(id, error={"code": -32002, "message": "gone", "data": {"uri": "x:"}}),
    lambda id: answer(id, error="malformed"),
    lambda id: answer(id, result={}, error={"code": 1, "message": "both"}),
    lambda id: answer(f"{id}", result={"resultType": "complete"}),
    lambda id: answer(99, result={"resultType": "complete"}),
    lambda id: answer(id, method="sampling/createMessage", params={}),
    lambda id: answer(id),
    lambda id: answer(id, result={"resultType": "complete", "t": "\ud83d"}),
    lambda id: b" " + answer(id, result={"resultType": "complete"}) + b" \n\n",
    lambda id: answer(id, result={"resultType": "complete"})[:-1],
    lambda id: b"",
    lambda id: b"{",
    lambda id: b'{"not": "JSON-RPC"}',
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("number", range(len(OTHERS)))
async def test_what_is_no_plain_result_is_what_it_is_on_the_long_way(
    kind: Kind, number: int
) -> None:
    ways = Ways(kind)
    ways.answer(OTHERS[number](ways.id))
    ways.alike()


STATUSES = [
    (500, "text/plain", b"oops"),
    (404, "text/plain", b"no such session"),
    (404, "application/json", b""),
    (401, "application/json", b"{}"),
    (202, "application/json", b"{}"),
    (200, "text/html", b"<html>"),
]


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize(("status", "type", "body"), STATUSES)
async def test_another_status_or_type_is_what_it_is_on_the_long_way(
    kind: Kind, status: int, type: str, body: bytes
) -> None:
    """With a legacy upstream that knows the session no more it goes out again in another one."""
    ways = Ways(kind)
    ways.answer(body, status, type)
    ways.alike()


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_large_answer_is_what_it_is_on_the_long_way(kind: Kind) -> None:
    ways = Ways(kind)
    ways.answer(answer(ways.id, result={"resultType": "complete", "content": "x" * 70_000}))
    ways.alike()


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_events_before_the_answer_are_what_they_are_on_the_long_way(kind: Kind) -> None:
    ways = Ways(kind)
    told = {"level": "info", "data": "\u00e9"}
    events = [
        jsonrpc.notification("notifications/message", json.dumps(told).encode()),
        jsonrpc.notification("notifications/tools/list_changed"),
        answer(ways.id, result={"resultType": "complete", "content": []}),
    ]
    head = [(b"content-type", b"text/event-stream")]
    ways.sent.receiver.head(200, head)
    ways.call.answered(200, head)
    for event in events:
        data = sse.encode(event, "message")
        ways.sent.receiver.chunk(data)
        ways.call.received(data)
        ways.alike()
    ways.sent.end()
    ways.call.done()
    ways.alike()
    assert ways.long.under_way() == (0, 0, 0)


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_failure_is_what_it_is_on_the_long_way(kind: Kind) -> None:
    ways = Ways(kind)
    ways.sent.fail(UpstreamTimeout("it did not answer"))
    ways.call.failed(UpstreamTimeout("it did not answer"))
    ways.alike()
    assert ways.long.outcomes()[UpstreamTimeout.code] == 1


@pytest.mark.parametrize("kind", KINDS, ids=str)
async def test_a_client_that_leaves_does_what_it_does_on_the_long_way(kind: Kind) -> None:
    """A modern one cancels its call, that of a legacy one runs to its end."""
    ways = Ways(kind)
    ways.exchange.leave()
    ways.turn.lost = True
    assert isinstance(ways.call, ShortCall)
    ways.call.left()
    assert ways.call.over == ways.sent.cancelled == (kind.client == "modern")
    ways.alike()
    if kind.client != "modern":
        ways.answer(answer(ways.id, result={"resultType": "complete", "content": []}))
        assert ways.turn.became is not None
        assert ways.short.outcomes() == ways.long.outcomes()
        assert ways.short.under_way() == (0, 0, 0)


@pytest.mark.parametrize("kind", OF_SESSIONS, ids=str)
async def test_a_call_of_a_session_is_cancelled_by_message(kind: Kind) -> None:
    ways = Ways(kind)
    message = jsonrpc.notification("notifications/cancelled", b'{"requestId":7}')
    for rig in (ways.long, ways.short):
        rig.send(message)
        rig.send(message)
    assert ways.call.over
    ways.alike()
    assert ways.short.outcomes()["cancelled"] == 1
    whole(ways.call, answer(ways.id, result={"resultType": "complete"}))
    ways.alike()


@pytest.mark.parametrize("kind", OF_SESSIONS, ids=str)
async def test_a_call_that_is_answered_in_a_stream_is_still_cancelled_by_message(
    kind: Kind,
) -> None:
    ways = Ways(kind)
    head = [(b"content-type", b"text/event-stream")]
    ways.sent.receiver.head(200, head)
    ways.call.answered(200, head)
    message = jsonrpc.notification("notifications/cancelled", b'{"requestId":7}')
    for rig in (ways.long, ways.short):
        rig.send(message)
    assert ways.call.over
    ways.alike()


async def test_an_upstreams_question_to_a_client_that_can_be_asked_nothing_is_answered_alike() -> (
    None
):
    ways = Ways(IN_SESSIONS)
    question = sse.encode(jsonrpc.request("q", "roots/list"), "message")
    head = [(b"content-type", b"text/event-stream")]
    ways.sent.receiver.head(200, head)
    ways.call.answered(200, head)
    ways.sent.receiver.chunk(question)
    ways.call.received(question)
    ways.alike()


async def test_a_question_of_a_modern_upstream_is_asked_in_the_session() -> None:
    kind = Kind("session", "modern")
    question = {"method": "roots/list"}
    asked = {"resultType": "input_required", "inputRequests": {"a": question}, "requestState": "s"}
    answers = []
    for short in (False, True):
        rig = Rig(kind=kind, declared={"roots": {}})
        rig.learn()
        turn, call = rig.run()
        exchange: RecordingExchange | None
        if short:
            whole(call, answer(7, result=asked))
            exchange = turn.became
        else:
            whole(call, answer(7, result=rig.result))
            exchange = rig.send(rig.call())
            rig.http.sent[-1].result(asked)
        assert exchange is not None
        assert exchange.sent_headers[b"content-type"] == b"text/event-stream"
        assert b"roots/list" in exchange.answer
        answers.append(exchange.answer)
    assert len(answers[0]) == len(answers[1])


async def test_a_session_upstream_is_left_as_idle_as_on_the_long_way() -> None:
    ways = Ways(IN_SESSIONS)
    ways.answer(answer(7, result={"content": []}))
    for rig in (ways.long, ways.short):
        assert len(rig.clients._legacy.sessions._idle) == 1
