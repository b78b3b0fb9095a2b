"""A modern client's call to a legacy upstream that asks is answered in rounds, wherever they come
in, for its own caller and request alone."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamTimeout
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES
from mcpgateway.common.routing.model import Principal
from mcpgateway.data_plane.pipeline.asking import parked_calls
from mcpgateway.data_plane.pipeline.asking.rounds import KEPT_BYTES, KEPT_MESSAGES, MOST_OPEN
from mcpgateway.data_plane.upstreams.request import Question, Reply
from support.endpoint import Endpoint, answer_of, token
from support.exchange import RecordingExchange
from support.many_replicas import Group
from support.registries import prompt, resource, tool, upstream
from support.wait import until

BOB = Principal("bob@example.com", admin=True)
LEGACY = (BOB, upstream(era="legacy"), tool(), prompt(), resource())
CAN: dict[str, Any] = {META_CLIENT_CAPABILITIES: {"elicitation": {"form": {}}, "roots": {}}}
CALL = {"name": "u1-t1", "arguments": {"b": 1, "a": [1.5, "x"]}}
ASK = Question("elicitation/create", b'{"message":"name?","requestedSchema":{}}')
ROOTS = Question("roots/list", b"{}")
ACCEPT = {"action": "accept", "content": {"name": "Ann"}}


class Taken:
    """What the upstream was replied, batch by batch."""

    def __init__(self) -> None:
        self.batches: list[dict[str, Reply]] = []

    def __call__(self, replies: Any) -> None:
        self.batches.append(dict(replies))


async def asked(
    endpoint: Endpoint, questions: dict[str, Question], **more: Any
) -> tuple[RecordingExchange, Taken]:
    """A call whose upstream has asked."""
    exchange = endpoint.modern("tools/call", CALL, meta=CAN, **more)
    taken = Taken()
    endpoint.upstreams.last.sink.ask(questions, taken)
    await exchange.finished()
    return exchange, taken


def retry(endpoint: Endpoint, result: Any, responses: Any = None, **more: Any) -> RecordingExchange:
    params: dict[str, Any] = {**CALL, "requestState": result["requestState"]}
    if responses is not None:
        params["inputResponses"] = responses
    return endpoint.modern("tools/call", params, meta=CAN, id=more.pop("id", 2), **more)


async def test_questions_end_the_round_and_the_reply_goes_on_with_the_same_upstream_call() -> None:
    endpoint = Endpoint(LEGACY)
    exchange, taken = await asked(endpoint, {"9": ASK, "10": ROOTS})
    result = answer_of(exchange)["result"]
    assert result["resultType"] == "input_required"
    assert result["inputRequests"] == {
        "q1": {
            "method": "elicitation/create",
            "params": {"message": "name?", "requestedSchema": {}},
        },
        "q2": {"method": "roots/list", "params": {}},
    }
    again = retry(endpoint, result, {"q1": ACCEPT, "q2": {"roots": []}})
    (batch,) = taken.batches
    assert {key: msgspec.json.decode(reply.result or b"") for key, reply in batch.items()} == {
        "9": ACCEPT,
        "10": {"roots": []},
    }
    assert len(endpoint.upstreams.calls) == 1
    endpoint.upstreams.last.sink.answer(jsonrpc.response(1, b'{"resultType":"complete"}'))
    assert answer_of(again) == {"jsonrpc": "2.0", "id": 2, "result": {"resultType": "complete"}}
    assert len(endpoint.conversations.parked) == 0


OTHERS = [("prompts/get", {"name": "u1-p1"}), ("resources/read", {"uri": "file:///r1"})]


@pytest.mark.parametrize(("method", "params"), OTHERS)
async def test_prompts_and_reads_are_answered_in_rounds_as_calls_are(
    method: str, params: dict[str, Any]
) -> None:
    endpoint, taken = Endpoint(LEGACY), Taken()
    exchange = endpoint.modern(method, params, meta=CAN)
    endpoint.upstreams.last.sink.ask({"9": ASK}, taken)
    await exchange.finished()
    asked = answer_of(exchange)["result"]
    assert asked["resultType"] == "input_required"
    (key,) = asked["inputRequests"]
    more = {"requestState": asked["requestState"], "inputResponses": {key: ACCEPT}}
    again = endpoint.modern(method, {**params, **more}, meta=CAN, id=2)
    assert len(taken.batches) == 1
    endpoint.upstreams.last.sink.answer(jsonrpc.response(1, b'{"resultType":"complete"}'))
    assert answer_of(again)["result"] == {"resultType": "complete"}
    assert len(endpoint.upstreams.calls) == 1


@pytest.mark.parametrize(
    ("method", "params"),
    [
        *OTHERS,
        ("tools/call", CALL),
        (
            "completion/complete",
            {
                "ref": {"type": "ref/prompt", "name": "u1-p1"},
                "argument": {"name": "a", "value": ""},
            },
        ),
    ],
)
def test_rounds_of_a_modern_upstream_pass_through_whatever_the_method(
    method: str, params: dict[str, Any]
) -> None:
    endpoint = Endpoint((upstream(), tool(), prompt(), resource()))
    more = {"requestState": "the upstream's own", "inputResponses": {"k": ACCEPT}}
    exchange = endpoint.modern(method, {**params, **more}, meta=CAN)
    sent = endpoint.upstreams.last
    assert sent.params["requestState"] == b'"the upstream\'s own"'
    assert msgspec.json.decode(sent.params["inputResponses"]) == {"k": ACCEPT}
    answer = jsonrpc.response(1, b'{"resultType":"input_required","requestState":"next"}')
    sent.sink.answer(answer)
    assert answer_of(exchange)["result"]["requestState"] == "next"


async def test_the_reply_may_come_in_at_another_replica() -> None:
    group = Group(LEGACY)
    first, second = group.endpoints["a"], group.endpoints["b"]
    exchange, taken = await asked(first, {"1": ASK})
    again = retry(second, answer_of(exchange)["result"], {"q1": ACCEPT})
    assert taken.batches
    assert group.handed == [("b", "a")]
    first.upstreams.last.sink.answer(jsonrpc.response(1, b"{}"))
    assert answer_of(again)["id"] == 2
    assert not second.upstreams.calls


async def test_a_call_that_died_with_its_replica_is_answered_outcome_unknown() -> None:
    group = Group(LEGACY)
    exchange, _ = await asked(group.endpoints.pop("a"), {"1": ASK})
    again = retry(group.endpoints["b"], answer_of(exchange)["result"], {"q1": ACCEPT})
    error = answer_of(again)["error"]
    assert (error["code"], error["data"]) == (jsonrpc.OUTCOME_UNKNOWN, {"outcome": "unknown"})


async def test_a_state_is_good_once() -> None:
    endpoint = Endpoint(LEGACY)
    exchange, taken = await asked(endpoint, {"1": ASK})
    result = answer_of(exchange)["result"]
    retry(endpoint, result, {"q1": ACCEPT})
    error = answer_of(retry(endpoint, result, {"q1": ACCEPT}, id=3))["error"]
    assert error["code"] == jsonrpc.OUTCOME_UNKNOWN
    assert len(taken.batches) == 1


async def test_what_was_not_answered_is_asked_again_and_the_rest_is_kept() -> None:
    endpoint = Endpoint(LEGACY)
    exchange, taken = await asked(endpoint, {"1": ASK, "2": ROOTS})
    second = retry(endpoint, answer_of(exchange)["result"], {"q2": {"roots": []}, "foreign": {}})
    await second.finished()
    result = answer_of(second)["result"]
    assert list(result["inputRequests"]) == ["q1"]
    assert not taken.batches
    retry(endpoint, result, {"q1": ACCEPT}, id=3)
    assert set(taken.batches[0]) == {"1", "2"}


async def test_an_upstream_may_ask_again_in_a_later_round() -> None:
    endpoint = Endpoint(LEGACY)
    exchange, _ = await asked(endpoint, {"1": ASK})
    again = retry(endpoint, answer_of(exchange)["result"], {"q1": ACCEPT})
    later = Taken()
    endpoint.upstreams.last.sink.ask({"2": ASK}, later)
    await again.finished()
    third = retry(endpoint, answer_of(again)["result"], {"q2": ACCEPT}, id=3)
    assert later.batches
    endpoint.upstreams.last.sink.answer(jsonrpc.response(1, b"{}"))
    assert answer_of(third)["id"] == 3


@pytest.mark.parametrize(
    "changed",
    [
        {"arguments": {"b": 2, "a": [1.5, "x"]}},
        {"arguments": {}},
        {"future": 1},
    ],
)
async def test_a_state_belongs_to_its_request(changed: dict[str, Any]) -> None:
    endpoint = Endpoint(LEGACY)
    exchange, taken = await asked(endpoint, {"1": ASK})
    state = answer_of(exchange)["result"]["requestState"]
    params = {**CALL, **changed, "requestState": state, "inputResponses": {"q1": ACCEPT}}
    error = answer_of(endpoint.modern("tools/call", params, meta=CAN))["error"]
    assert error["code"] == jsonrpc.INVALID_PARAMS
    assert "params.requestState" in error["message"]
    assert not taken.batches


async def test_the_same_request_spelled_otherwise_is_the_same() -> None:
    endpoint = Endpoint(LEGACY)
    exchange, taken = await asked(endpoint, {"1": ASK})
    state = answer_of(exchange)["result"]["requestState"]
    params = {
        "inputResponses": {"q1": ACCEPT},
        "requestState": state,
        "arguments": {"a": [1.5, "x"], "b": 1},
        "name": "u1-t1",
    }
    endpoint.modern("tools/call", params, meta=CAN)
    assert taken.batches


@pytest.mark.parametrize("state", ["gw1.AAAA", "of another server", ""])
async def test_a_foreign_state_is_refused_before_a_legacy_upstream(state: str) -> None:
    endpoint = Endpoint(LEGACY)
    exchange = endpoint.modern("tools/call", {**CALL, "requestState": state}, meta=CAN)
    assert exchange.status == 400
    assert "params.requestState" in answer_of(exchange)["error"]["message"]
    assert not endpoint.upstreams.calls


async def test_a_modern_upstreams_state_is_its_own_business() -> None:
    endpoint = Endpoint((upstream(), tool()))
    endpoint.modern("tools/call", {**CALL, "requestState": "gw1.AAAA"}, meta=CAN)
    assert endpoint.upstreams.last.params["requestState"] == b'"gw1.AAAA"'


@pytest.mark.parametrize("responses", [[], "x", {"q1": "yes"}, {"q1": None}])
async def test_malformed_responses_are_refused_and_the_call_stays_parked(responses: Any) -> None:
    endpoint = Endpoint(LEGACY)
    exchange, taken = await asked(endpoint, {"1": ASK})
    result = answer_of(exchange)["result"]
    refused = retry(endpoint, result, responses)
    assert refused.status == 400
    assert "params.inputResponses" in answer_of(refused)["error"]["message"]
    retry(endpoint, result, {"q1": ACCEPT}, id=3)
    assert taken.batches


async def test_what_the_client_did_not_declare_is_declined_without_asking_it() -> None:
    endpoint = Endpoint(LEGACY)
    exchange = endpoint.modern("tools/call", CALL, meta=CAN)
    taken = Taken()
    endpoint.upstreams.last.sink.ask({"1": Question("sampling/createMessage", b"{}")}, taken)
    assert taken.batches[0]["1"].error is not None
    endpoint.upstreams.last.sink.answer(jsonrpc.response(1, b"{}"))
    assert answer_of(exchange)["result"] == {}


async def test_progress_before_a_question_is_streamed_and_follows_the_rounds_token() -> None:
    endpoint = Endpoint(LEGACY)
    exchange = endpoint.modern("tools/call", CALL, meta={**CAN, "progressToken": "one"})
    sink = endpoint.upstreams.last.sink
    progress = b'{"progressToken":"one","progress":%d}'
    sink.message(jsonrpc.notification("notifications/progress", progress % 1))
    sink.ask({"1": ASK}, Taken())
    await exchange.finished()
    events = [line[6:] for line in exchange.answer.split(b"\n") if line.startswith(b"data: ")]
    assert len(events) == 2
    result = msgspec.json.decode(events[1])["result"]
    sink.message(jsonrpc.notification("notifications/progress", progress % 2))  # while parked
    params = {**CALL, "requestState": result["requestState"], "inputResponses": {"q1": ACCEPT}}
    again = endpoint.modern("tools/call", params, meta={**CAN, "progressToken": 7}, id=2)
    sink.message(jsonrpc.notification("notifications/progress", progress % 3))
    sink.answer(jsonrpc.response(1, b"{}"))
    told = [
        msgspec.json.decode(line[6:])
        for line in again.answer.split(b"\n")
        if line.startswith(b"data: ")
    ]
    assert [each["params"] for each in told[:-1]] == [
        {"progressToken": 7, "progress": 2},
        {"progressToken": 7, "progress": 3},
    ]
    assert told[-1]["id"] == 2


async def test_notifications_while_parked_are_bounded() -> None:
    endpoint = Endpoint(LEGACY)
    exchange, _ = await asked(endpoint, {"1": ASK})
    sink = endpoint.upstreams.last.sink
    for number in range(KEPT_MESSAGES + 5):
        sink.message(jsonrpc.notification("notifications/message", b'{"data":%d}' % number))
    again = retry(endpoint, answer_of(exchange)["result"], {"q1": ACCEPT})
    assert again.answer.count(b"data: ") == KEPT_MESSAGES
    assert b'"data":5}' in again.answer.split(b"\n\n")[0]


@pytest.mark.parametrize("failed", [False, True])
async def test_what_came_last_while_parked_answers_the_next_round(failed: bool) -> None:
    endpoint = Endpoint(LEGACY)
    exchange, _ = await asked(endpoint, {"1": ASK})
    sink = endpoint.upstreams.last.sink
    if failed:
        sink.failed(UpstreamTimeout("too slow"))
    else:
        sink.answer(jsonrpc.response(1, b'{"late":true}'))
    again = answer_of(retry(endpoint, answer_of(exchange)["result"], {"q1": ACCEPT}))
    assert again["id"] == 2
    assert ("error" in again) is failed


async def test_the_upstream_is_told_when_the_client_does_not_come_back() -> None:
    endpoint = Endpoint(LEGACY, patience=0.01)
    exchange, _ = await asked(endpoint, {"1": ASK})
    ticket = endpoint.upstreams.last.ticket
    await until(lambda: ticket.asked == ["cancel"], "the upstream is told")
    again = answer_of(retry(endpoint, answer_of(exchange)["result"], {"q1": ACCEPT}))
    assert again["error"]["code"] == jsonrpc.OUTCOME_UNKNOWN


async def test_a_client_that_leaves_in_a_later_round_cancels_the_upstreams_call() -> None:
    endpoint = Endpoint(LEGACY)
    exchange, _ = await asked(endpoint, {"1": ASK})
    exchange.leave()
    assert endpoint.upstreams.last.ticket.asked == []
    again = retry(endpoint, answer_of(exchange)["result"], {"q1": ACCEPT})
    again.leave()
    assert endpoint.upstreams.last.ticket.asked == ["cancel"]


async def test_another_principals_state_is_refused() -> None:
    endpoint = Endpoint(LEGACY)
    exchange, taken = await asked(endpoint, {"1": ASK})
    bob = f"Bearer {token(BOB.id)}"
    stranger = retry(endpoint, answer_of(exchange)["result"], {"q1": ACCEPT}, authorization=bob)
    assert stranger.status == 400
    assert not taken.batches


@pytest.mark.parametrize("declared", [{}, {"elicitation": {}}])
async def test_a_call_that_fails_for_want_of_a_capability_names_it(declared: Any) -> None:
    endpoint = Endpoint(LEGACY)
    exchange = endpoint.modern("tools/call", CALL, meta={META_CLIENT_CAPABILITIES: declared})
    sink, taken = endpoint.upstreams.last.sink, Taken()
    sink.ask({"1": Question("sampling/createMessage", b"{}"), "2": ROOTS}, taken)
    assert all(reply.error for reply in taken.batches[0].values())
    sink.answer(jsonrpc.error(1, jsonrpc.INTERNAL_ERROR, "no sample"))
    assert exchange.status == 400
    error = answer_of(exchange)["error"]
    assert error["code"] == jsonrpc.MISSING_CLIENT_CAPABILITY
    assert error["data"] == {"requiredCapabilities": {"sampling": {}, "roots": {}}}
    assert "no sample" in error["message"]


@pytest.mark.parametrize("declared", [{}, {"elicitation": {}}])
async def test_an_upstream_that_does_without_an_answer_is_believed(declared: Any) -> None:
    endpoint = Endpoint(LEGACY)
    exchange = endpoint.modern("tools/call", CALL, meta={META_CLIENT_CAPABILITIES: declared})
    sink = endpoint.upstreams.last.sink
    sink.ask({"1": ROOTS}, Taken())
    sink.answer(jsonrpc.response(1, b'{"resultType":"complete"}'))
    assert answer_of(exchange)["result"] == {"resultType": "complete"}


async def test_who_parks_very_many_calls_gives_up_its_own_and_nobody_elses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parked_calls, "LIMIT", 4)
    endpoint = Endpoint(LEGACY)
    others, _ = await asked(endpoint, {"9": ASK}, authorization=f"Bearer {token(BOB.id)}")
    own = [(await asked(endpoint, {"9": ASK}))[0] for _ in range(5)]
    assert len(endpoint.conversations.parked) == 3
    state = answer_of(others)["result"]
    retry(endpoint, state, {"q1": ACCEPT}, authorization=f"Bearer {token(BOB.id)}")
    assert len(endpoint.conversations.parked) == 2
    lost = retry(endpoint, answer_of(own[0])["result"], {"q1": ACCEPT})
    assert answer_of(lost)["error"]["data"] == {"outcome": "unknown"}


async def test_an_upstream_can_not_fill_the_memory_of_a_parked_call() -> None:
    endpoint = Endpoint(LEGACY)
    exchange, taken = await asked(endpoint, {"9": ASK})
    sink = endpoint.upstreams.last.sink
    for number in range(MOST_OPEN):
        sink.ask({str(number): ASK}, taken)
    (declined,) = taken.batches
    assert list(declined) == [str(MOST_OPEN - 1)]  # one was open before
    for _ in range(20):
        sink.message(jsonrpc.notification("notifications/message", b'"%b"' % (b"x" * 100_000)))
    again = retry(endpoint, answer_of(exchange)["result"])
    await again.finished()
    assert 0 < again.answer.count(b"notifications/message") <= KEPT_BYTES // 100_000
    assert again.answer.count(b'"elicitation/create"') == MOST_OPEN
