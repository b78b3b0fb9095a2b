"""Which types of results a modern client takes, by what it declared."""

import json
from typing import Any

import msgspec
import pytest

from mcpgateway.common.mcp.result_types import seems_complete, undeclared, undeclared_in
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES
from mcpgateway.common.mcp.tasks import EXTENSION

TASKS: dict[str, Any] = {"extensions": {EXTENSION: {}}}
OTHER: dict[str, Any] = {"extensions": {"com.example/x": {}}}


def params(declared: Any) -> dict[str, msgspec.Raw]:
    meta = {} if declared is None else {META_CLIENT_CAPABILITIES: declared}
    return {"_meta": msgspec.Raw(json.dumps(meta).encode())}


@pytest.mark.parametrize(
    ("kind", "declared", "refused"),
    [
        ("complete", None, None),
        ("input_required", {}, None),
        ("task", {}, "task"),
        ("task", OTHER, "task"),
        ("task", TASKS, None),
        ("x", None, "x"),
        ("x", TASKS, "x"),
        ("x", OTHER, None),
        ("x", {"extensions": []}, "x"),
        (7, OTHER, "7"),
        (None, OTHER, "null"),
        ("x" * 1000, {}, "x" * 100),
    ],
)
def test_a_type_is_taken_that_the_protocol_has_or_a_declared_extension_may_have(
    kind: Any, declared: Any, refused: str | None
) -> None:
    result = json.dumps({"content": [], "resultType": kind}).encode()
    assert undeclared(result, params(declared)) == refused
    body = b'{"jsonrpc":"2.0","id":1,"result":%b}' % result
    assert undeclared_in(body, params(declared)) == refused


@pytest.mark.parametrize(
    "body",
    [
        b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"resultType"}}',
        b'{"jsonrpc":"2.0","id":1,"result":{"content":[]}}',
        b'{"jsonrpc":"2.0","id":1,"result":[]}',
        b'{"jsonrpc":"2.0","method":"notifications/message"}',
        b'{"result":' + b"[" * 100_000,
        b"no JSON",
    ],
)
def test_what_names_no_type_is_not_judged_here(body: bytes) -> None:
    assert undeclared_in(body, {}) is None
    assert undeclared(body, {}) is None


def test_a_type_within_the_content_is_not_the_results() -> None:
    body = b'{"result":{"structuredContent":{"resultType":"x"},"resultType":"complete" }}'
    assert undeclared_in(body, {}) is None


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_the_usual_spellings_are_seen_at_a_glance(separators: tuple[str, str]) -> None:
    assert seems_complete(json.dumps({"resultType": "complete"}, separators=separators).encode())
    assert not seems_complete(json.dumps({"resultType": "x"}, separators=separators).encode())
