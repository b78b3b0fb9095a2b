"""The rounds of a call: what a 2026-07-28 upstream asks, and what it is sent next."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.mcp import input_rounds, questions
from mcpgateway.common.mcp.input_rounds import Aborted, Malformed
from mcpgateway.common.mcp.questions import Question, Reply

ELICIT = Question(questions.ELICITATION, b'{"message":"?"}')
ROOTS = Question(questions.ROOTS, b"{}")
ROOT = {"method": "roots/list"}
keys = st.text(min_size=1, max_size=8)


def result(**members: object) -> bytes:
    return json.dumps({"resultType": "input_required", **members}).encode()


def test_questions_and_state_are_read() -> None:
    asked = {
        "a": {"method": "elicitation/create", "params": {"n": 1}},
        "b": {"method": "roots/list"},
    }
    found = input_rounds.read(result(inputRequests=asked, requestState="s"))
    assert found.questions == {
        "a": Question("elicitation/create", b'{"n": 1}'),
        "b": Question("roots/list", b"{}"),
    }
    assert bytes(found.state or b"") == b'"s"'


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (result(), "neither says which nor gives a state"),
        (result(inputRequests={"a": {"method": "tools/call"}}), "'tools/call', which is no"),
        (result(inputRequests=[]), "malformed"),
        (result(inputRequests={"a": {}}), "malformed"),
        (
            result(inputRequests={str(n): {"method": "roots/list"} for n in range(65)}),
            "65 questions",
        ),
        (b'{"resultType":"complete"}', "of type 'complete'"),
        (b"[]", "malformed"),
    ],
)
def test_what_can_not_be_followed_is_said(raw: bytes, why: str) -> None:
    with pytest.raises(Malformed, match=why):
        input_rounds.read(raw)


@given(st.dictionaries(keys, st.sampled_from([ELICIT, ROOTS])), st.text() | st.none())
def test_what_is_asked_is_what_is_read(asked: dict[str, Question], state: str | None) -> None:
    if not (asked or state):
        return
    found = input_rounds.read(questions.input_required(asked, state or ""))
    assert found.questions == asked
    assert (None if found.state is None else json.loads(bytes(found.state))) == (state or None)


def test_replies_become_responses_under_the_same_keys() -> None:
    given_back = input_rounds.responses(
        {"a": ELICIT, "b": ROOTS}, {"a": Reply(b'{"action":"accept"}'), "b": Reply(b'{"roots":[]}')}
    )
    assert given_back == {"a": b'{"action":"accept"}', "b": b'{"roots":[]}'}


def test_a_failed_elicitation_was_cancelled() -> None:
    refused = Reply(error=b'{"code":-1,"message":"no"}')
    assert input_rounds.responses({"a": ELICIT}, {"a": refused}) == {"a": b'{"action":"cancel"}'}
    assert input_rounds.responses({"a": ELICIT}, {}) == {"a": b'{"action":"cancel"}'}


@pytest.mark.parametrize("method", [questions.SAMPLING, questions.ROOTS])
def test_any_other_question_that_failed_ends_the_call_with_the_clients_error(method: str) -> None:
    error = b'{"code":-1,"message":"no"}'
    found = input_rounds.responses({"a": Question(method, b"{}")}, {"a": Reply(error=error)})
    assert found == Aborted(error)


def test_the_next_round_repeats_the_call_with_the_replies_and_the_very_state() -> None:
    params = {"name": msgspec.Raw(b'"t"'), "arguments": msgspec.Raw(b'{"n":1.10}')}
    second = input_rounds.next_params(params, {"a": b"{}"}, msgspec.Raw(b'"s\\u0041"'))
    assert {key: bytes(value) for key, value in second.items()} == {
        "name": b'"t"',
        "arguments": b'{"n":1.10}',
        "inputResponses": b'{"a":{}}',
        "requestState": b'"s\\u0041"',
    }
    assert input_rounds.next_params(second, {}, None) == params


def test_rounds_without_a_question_wait_ever_longer_up_to_a_quarter_second() -> None:
    assert [input_rounds.pause(n) for n in range(5)] == [0.05, 0.1, 0.2, 0.25, 0.25]
