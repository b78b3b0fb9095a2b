"""What the answer to one call comes to for a run."""

import json
from typing import Any

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.data_plane.pipeline.composing.outcomes import Done, Failed, outcome


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


def of(result: Any) -> Done | Failed:
    return outcome(jsonrpc.response(1, json.dumps(result).encode()))


@pytest.mark.parametrize(
    ("result", "value"),
    [
        ({"content": [text("x")], "structuredContent": {"a": 1}}, {"a": 1}),
        ({"content": [text('{"a": 2}')]}, {"a": 2}),
        ({"content": [text("plain")]}, "plain"),
        ({"content": [text("a"), text("b")]}, [text("a"), text("b")]),
        ({"content": []}, []),
        ({"content": [{"type": "image", "data": "eA=="}]}, [{"type": "image", "data": "eA=="}]),
    ],
)
def test_a_value_is_what_the_result_says(result: Any, value: Any) -> None:
    found = of(result)
    assert isinstance(found, Done)
    assert json.loads(found.value) == value


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ({"content": [text("no"), text("way")], "isError": True}, "no\nway"),
        ({"content": [], "isError": True}, "did not say why"),
        ({"resultType": "input_required"}, "asks its client for more"),
        ({"resultType": "task", "task": {}}, "makes a task"),
        ({"content": [text("x" * 5_000)], "isError": True}, "…"),
    ],
)
def test_what_went_wrong_is_said(result: Any, said: str) -> None:
    found = of(result)
    assert isinstance(found, Failed)
    assert said in found.said
    assert len(found.said) <= 2_000


def test_an_error_of_json_rpc_is_said() -> None:
    assert outcome(jsonrpc.error(1, -32602, "unknown tool")) == Failed("unknown tool")
    assert isinstance(outcome(b"{"), Failed)
