"""Rounds of a call in which a 2026-07-28 upstream asks: what it asks, and what the next round
sends. Pure; see `questions` for what is in them."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from mcpgateway.common.jsonrpc import Params, join_params
from mcpgateway.common.mcp.questions import (
    ASKED,
    ELICITATION,
    INPUT_REQUIRED,
    Question,
    Reply,
    for_upstream,
)
from mcpgateway.common.mcp.revisions import LATEST_MODERN

MAX_ROUNDS = 10  # of one call, as the official SDKs allow
MAX_QUESTIONS = 64  # of one round
_FIRST_PAUSE = 0.05  # seconds before a round that brings nothing but the state
_LONGEST_PAUSE = 0.25
_CANCELLED = b'{"action":"cancel"}'
_OF_A_ROUND = frozenset({"inputResponses", "requestState"})


class InputRequired(NamedTuple):
    """`state` is JSON to give back as it is, None for none."""

    questions: dict[str, Question]
    state: msgspec.Raw | None


class _InputRequest(msgspec.Struct):
    method: str
    params: msgspec.Raw = msgspec.Raw(b"{}")


class _Result(msgspec.Struct, rename="camel"):
    result_type: str = ""
    input_requests: dict[str, _InputRequest] = {}
    request_state: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_result = msgspec.json.Decoder(_Result)


class Malformed(ValueError):
    """An `input_required` result that can not be followed; the message says why."""


def read(result: bytes | msgspec.Raw) -> InputRequired:
    """Raises Malformed."""
    try:
        found = _result.decode(result)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(f"asks for input in a malformed way: {error}") from error
    if found.result_type != INPUT_REQUIRED:
        raise Malformed(f"is of type {found.result_type[:100]!r}")
    if len(found.input_requests) > MAX_QUESTIONS:
        raise Malformed(f"asks {len(found.input_requests)} questions, at most {MAX_QUESTIONS}")
    questions: dict[str, Question] = {}
    for key, each in found.input_requests.items():
        if each.method not in ASKED:
            raise Malformed(f"asks for {each.method[:100]!r}, which is no question to a client")
        questions[key] = Question(each.method, bytes(each.params))
    state = found.request_state
    if isinstance(state, msgspec.UnsetType):
        if not questions:
            raise Malformed("asks for input, and neither says which nor gives a state")
        return InputRequired(questions, None)
    return InputRequired(questions, state)


class Aborted(NamedTuple):
    """The call can not go on: `error` is the client's own error object."""

    error: bytes


def responses(
    questions: Mapping[str, Question], replies: Mapping[str, Reply]
) -> dict[str, bytes] | Aborted:
    """`inputResponses` have no place for errors: an elicitation that failed was cancelled, with
    the other questions the call can not go on."""
    given: dict[str, bytes] = {}
    for key, question in questions.items():
        reply = for_upstream(question.method, replies.get(key, Reply()), LATEST_MODERN)
        if reply.result is not None:
            given[key] = reply.result
        elif question.method == ELICITATION:
            given[key] = _CANCELLED
        else:
            return Aborted(reply.error or b"{}")
    return given


def next_params(
    params: Params, responses: Mapping[str, bytes], state: msgspec.Raw | None
) -> Params:
    """The params of the next round of the call that began with `params`."""
    following = {key: value for key, value in params.items() if key not in _OF_A_ROUND}
    if responses:
        given = {key: msgspec.Raw(each) for key, each in responses.items()}
        following["inputResponses"] = msgspec.Raw(join_params(given))
    if state is not None:
        following["requestState"] = state
    return following


def pause(times: int) -> float:
    """Seconds before a round that has nothing to say, `times` such rounds after the first."""
    longest: float = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**times)
    return longest


def round_id(number: int) -> str:
    """The id of a round's request; the first round has the client's own."""
    return f"mcpgateway-round-{number}"
