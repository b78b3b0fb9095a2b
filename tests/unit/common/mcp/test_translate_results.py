"""Answers between the eras, over golden files and for any content."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.mcp import translate_results as results
from support import golden


def translated(function: Callable[[str, bytes], bytes]) -> Callable[[Any], Any]:
    def run(given: Any) -> Any:
        try:
            text = json.dumps(given["result"]).encode()
            return json.loads(function(given["method"], text))
        except results.CannotTranslate as error:
            return f"CannotTranslate: {error}"

    return run


def test_golden_result_to_legacy() -> None:
    golden.check("translate/result_to_legacy", translated(results.result_to_legacy))


def test_golden_result_to_modern() -> None:
    golden.check("translate/result_to_modern", translated(results.result_to_modern))


def test_golden_error_to_legacy() -> None:
    golden.check(
        "translate/error_to_legacy",
        lambda it: json.loads(
            results.error_to_legacy(it["method"], json.dumps(it["error"]).encode())
        ),
    )


def test_golden_error_to_modern() -> None:
    def run(given: Any) -> Any:
        error = results.error_to_modern(json.dumps(given["error"]).encode())
        return {"error": json.loads(error), "status": results.modern_status(error)}

    golden.check("translate/error_to_modern", run)


content = st.sampled_from(
    [b"[]", b'[ {"type":"text","text":"\\u00fc"} ]', b"[1.10]", b"[123456789012345678901234567890]"]
)


@given(content, st.sampled_from(["tools/call", "resources/read", "prompts/get"]))
def test_content_is_carried_byte_for_byte_there_and_back(content: bytes, method: str) -> None:
    result = b'{"content":%b,"x":1.50}' % content
    modern = results.result_to_modern(method, result)
    assert content in modern
    assert results.result_to_legacy(method, modern) == result


@pytest.mark.parametrize(
    "result", [b'{"content":[]}', b'{"resultType":"task","taskId":"t"}', b"{}"]
)
def test_a_forgotten_result_type_is_added_and_one_that_is_there_is_left_alone(
    result: bytes,
) -> None:
    completed = results.result_between_modern("tools/call", result)
    assert results.has_result_type(completed)
    assert (completed == result) is results.has_result_type(result)


def test_what_is_no_error_object_is_replaced_by_one_that_says_so() -> None:
    assert results.sound_error(b'{"code": 1, "message": "no"}') == b'{"code": 1, "message": "no"}'
    for malformed in (b'"boom"', b"{}", b'{"code":"x"}'):
        error = json.loads(results.sound_error(malformed))
        assert error == {"code": -32603, "message": "upstream sent a malformed JSON-RPC error"}
