"""Tasks of upstreams, as they say them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.mcp.followed import LONGEST, SHORTEST, read_seen
from mcpgateway.common.mcp.questions import Question


def seen(**members: Any) -> Any:
    return read_seen(json.dumps({"taskId": "1", "status": "working", **members}).encode())


def test_both_kinds_are_read() -> None:
    modern = read_seen(
        b'{"resultType":"task","taskId":"1","status":"working","pollIntervalMs":200}'
    )
    legacy = read_seen(b'{"task":{"taskId":"1","status":"working","pollInterval":200}}')
    assert modern == legacy
    assert (modern.id, modern.poll) == ("1", 0.2)


def test_what_ended_it_and_what_it_asks_are_kept_as_they_came() -> None:
    assert seen(result={"content": []}).result == b'{"content": []}'
    assert seen(error={"code": 1}).error == b'{"code": 1}'
    asked = seen(inputRequests={"k": {"method": "roots/list"}, "x": {"method": "evil/method"}})
    assert asked.questions == {"k": Question("roots/list", b"{}")}


@pytest.mark.parametrize("wrong", [b"[]", b"{}", b'{"taskId":7}', b'{"task":3}', b'{"taskId":""}'])
def test_what_is_no_task_is_refused_in_words(wrong: bytes) -> None:
    with pytest.raises(ValueError, match=r"malformed|taskId"):
        read_seen(wrong)


@given(st.none() | st.floats(-1e9, 1e9), st.floats(0, 100))
def test_polls_are_neither_a_flood_nor_forgotten(interval: float | None, usual: float) -> None:
    assert SHORTEST <= seen(pollIntervalMs=interval).pause(usual) <= LONGEST
