"""Who is told which notification."""

import json
from typing import Any

import msgspec
import pytest

from mcpgateway.common.mcp.revisions import META_LOG_LEVEL, Era
from mcpgateway.common.mcp.translate_notifications import LOG, PROGRESS, Wishes, told, wishes


def raw(params: dict[str, Any]) -> dict[str, msgspec.Raw]:
    return {key: msgspec.Raw(json.dumps(value).encode()) for key, value in params.items()}


def test_progress_comes_back_under_the_clients_token_with_all_else_as_it_was() -> None:
    params = raw({"progressToken": 3, "progress": 0.5, "message": "half"})
    params["progress"] = msgspec.Raw(b"0.50")
    heard = told(Wishes(b'"mine"', None), PROGRESS, params, b"3")
    assert heard is not None
    assert b'"progressToken":"mine","progress":0.50,"message":"half"' in heard


@pytest.mark.parametrize(
    ("token", "sent"), [(b'"mine"', b"4"), (None, b"3"), (None, None), (b'"mine"', None)]
)
def test_progress_that_nobody_asked_for_or_of_another_request_is_not_told(
    token: bytes | None, sent: bytes | None
) -> None:
    params = raw({"progressToken": 3, "progress": 1})
    assert told(Wishes(token, None), PROGRESS, params, sent) is None


def test_a_token_that_the_upstream_wrote_with_other_escapes_is_the_same_token() -> None:
    params = {"progressToken": msgspec.Raw(b'"\\u00fc"'), "progress": msgspec.Raw(b"1")}
    assert told(Wishes('"ü"'.encode(), None), PROGRESS, params, '"ü"'.encode()) is not None


@pytest.mark.parametrize(
    ("era", "asked", "level", "heard"),
    [
        ("modern", None, "emergency", False),
        ("modern", "warning", "notice", False),
        ("modern", "warning", "warning", True),
        ("modern", "warning", "alert", True),
        ("modern", "no such level", "alert", False),
        ("modern", "debug", "no such level", False),
        ("legacy", None, "debug", True),
    ],
)
def test_log_messages_are_told_from_the_level_that_was_asked_for(
    era: Era, asked: str | None, level: str, heard: bool
) -> None:
    meta = {} if asked is None else {META_LOG_LEVEL: asked}
    asked_for = wishes(era, raw({"_meta": meta}))
    assert (told(asked_for, LOG, raw({"level": level, "data": 1}), None) is not None) is heard


def test_the_token_that_was_asked_for_keeps_its_type() -> None:
    assert wishes("legacy", raw({"_meta": {"progressToken": 7}})).token == b"7"
    assert wishes("legacy", raw({})).token is None


@pytest.mark.parametrize("method", ["notifications/tools/list_changed", "notifications/cancelled"])
def test_what_belongs_to_no_request_is_not_told(method: str) -> None:
    assert told(Wishes(b"1", "debug"), method, raw({"requestId": 1}), b"1") is None
