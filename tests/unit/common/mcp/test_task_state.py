"""What a task is told to be in each era, and that a task which is over stays as it ended."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import task_state, tasks
from mcpgateway.common.mcp.questions import Question
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.mcp.task_state import TaskState

BEGUN = TaskState("working", 1_800_000_000.0, 1_800_000_000.0, 60)
QUESTION = Question("elicitation/create", b'{"message":"Sure?"}')
ERROR = b'{"code":-32603,"message":"it broke"}'
ERAS: tuple[Era, ...] = ("modern", "legacy")


def told(era: Era, state: TaskState) -> Any:
    return json.loads(task_state.shown(era, "t", state, 0.5))


def with_result(result: bytes) -> TaskState:
    return task_state.ended(BEGUN, 1_800_000_001.5, jsonrpc.response(1, result))


def test_a_call_is_answered_with_its_task_in_the_words_of_the_era() -> None:
    common = {
        "taskId": "t",
        "status": "working",
        "createdAt": "2027-01-15T08:00:00.000Z",
        "lastUpdatedAt": "2027-01-15T08:00:00.000Z",
    }
    modern = json.loads(task_state.created("modern", "t", BEGUN, 0.5))
    assert modern == {**common, "resultType": "task", "ttlMs": 60_000, "pollIntervalMs": 500}
    legacy = json.loads(task_state.created("legacy", "t", BEGUN, 0.5))
    assert legacy == {"task": {**common, "ttl": 60_000, "pollInterval": 500}}


def test_a_modern_client_is_shown_what_belongs_to_the_status_and_a_legacy_one_the_status() -> None:
    asking = task_state.waiting(BEGUN, 1.0, {"k": QUESTION})
    done = with_result(b'{"content":[]}')
    broken = task_state.failed(BEGUN, 1.0, ERROR)
    shown = [told("modern", each) for each in (asking, done, broken)]
    assert shown[0]["inputRequests"] == {
        "k": {"method": "elicitation/create", "params": {"message": "Sure?"}}
    }
    assert shown[1]["result"] == {"content": []}
    assert (shown[2]["error"]["code"], shown[2]["statusMessage"]) == (-32603, "it broke")
    assert {each["resultType"] for each in shown} == {"complete"}
    for state in (asking, done, broken):
        assert told("legacy", state).keys() <= {
            *("taskId", "status", "statusMessage", "createdAt", "lastUpdatedAt"),
            *("ttl", "pollInterval"),
        }


def test_a_tool_that_failed_has_a_completed_task_and_before_that_a_failed_one() -> None:
    state = with_result(b'{"content":[],"isError": true}')
    assert (told("modern", state)["status"], told("legacy", state)["status"]) == (
        "completed",
        "failed",
    )
    assert told("legacy", with_result(b'{"isError":false}'))["status"] == "completed"


@pytest.mark.parametrize(
    ("state", "member", "expected"),
    [
        (with_result(b'{"content":[],"_meta":{"own":1}}'), "result", None),
        (task_state.failed(BEGUN, 1.0, ERROR), "error", -32603),
        (task_state.cancelled(BEGUN, 1.0), "error", jsonrpc.INTERNAL_ERROR),
    ],
)
def test_the_outcome_is_the_response_of_the_call(
    state: TaskState, member: str, expected: int | None
) -> None:
    response = json.loads(task_state.outcome(7, "t", state))
    assert response["id"] == 7
    if expected is None:
        assert response[member]["_meta"] == {"own": 1, tasks.META_RELATED: {"taskId": "t"}}
    else:
        assert response[member]["code"] == expected


def test_questions_come_and_go_with_the_status() -> None:
    asking = task_state.waiting(BEGUN, 1.0, {"k": QUESTION})
    assert (asking.status, asking.over) == ("input_required", False)
    assert task_state.waiting(asking, 2.0, {}).status == "working"
    assert task_state.cancelled(asking, 2.0).questions == {}


def test_a_question_names_the_task_that_it_belongs_to() -> None:
    named = json.loads(task_state.related_question(QUESTION, "t").params)
    assert named == {"message": "Sure?", "_meta": {tasks.META_RELATED: {"taskId": "t"}}}


@given(st.floats(0, 4e9), st.text(max_size=2000), st.integers(1, 10**6))
def test_any_state_can_be_told_in_either_era(now: float, message: str, ttl: int) -> None:
    state = task_state.says(TaskState("working", now, now, ttl), now, message)
    for era in ERAS:
        shown = told(era, state)
        assert shown["createdAt"].endswith("Z")
        assert len(shown.get("statusMessage", "")) <= task_state.MAX_MESSAGE
    assert state.expires == now + ttl
