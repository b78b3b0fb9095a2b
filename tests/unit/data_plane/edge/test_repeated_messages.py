"""Messages under one repeated head: each body is judged for itself, whatever came before it."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES, META_PROTOCOL_VERSION
from support.endpoint import JSON_HEADERS, META, Endpoint, answer_of, bearer, mirrored, token
from support.exchange import RecordingExchange
from support.registries import tool, upstream

GOOD: dict[str, Any] = {"name": "u-one", "arguments": {}, "_meta": META}


class Conversation:
    """Calls of one tool over one connection: the head says the same each time."""

    def __init__(self) -> None:
        self.endpoint = Endpoint([upstream("u"), tool("one", "u"), tool("two", "u")])
        self.notes: dict[str, Any] = {}
        self.lines = [*JSON_HEADERS, bearer(token()), *mirrored("tools/call", GOOD)]

    def call(self, params: dict[str, Any], method: str = "tools/call") -> RecordingExchange:
        body = jsonrpc.request(1, method, msgspec.json.encode(params))
        exchange = RecordingExchange("POST", "/mcp", self.lines, body)
        exchange.notes = self.notes
        self.endpoint.endpoint.handle(exchange, "")
        return exchange


def test_calls_that_repeat_the_envelope_all_go_through() -> None:
    conversation = Conversation()
    for text in ("a", "b", "c"):
        conversation.call({**GOOD, "arguments": {"text": text}})
    sent = conversation.endpoint.upstreams.calls
    assert [bytes(each.request.params["arguments"]) for each in sent] == [
        b'{"text":"a"}',
        b'{"text":"b"}',
        b'{"text":"c"}',
    ]


@pytest.mark.parametrize(
    ("params", "method", "code"),
    [
        ({**GOOD, "name": "u-two"}, "tools/call", jsonrpc.HEADER_MISMATCH),
        (GOOD, "prompts/get", jsonrpc.HEADER_MISMATCH),
        ({**GOOD, "_meta": {META_PROTOCOL_VERSION: "2026-07-28"}}, "tools/call", -32602),
        (
            {**GOOD, "_meta": {META_PROTOCOL_VERSION: "2027-01-01", META_CLIENT_CAPABILITIES: {}}},
            "tools/call",
            jsonrpc.HEADER_MISMATCH,
        ),
        ({**GOOD, "_meta": {**META, META_CLIENT_CAPABILITIES: []}}, "tools/call", -32602),
        ({"name": "u-one", "_meta": []}, "tools/call", -32602),
        ({"name": "u-one"}, "tools/call", -32602),
    ],
)
def test_a_message_that_breaks_the_rules_is_refused_after_any_number_of_good_ones(
    params: dict[str, Any], method: str, code: int
) -> None:
    conversation = Conversation()
    for _ in range(3):
        assert conversation.call(GOOD).status == 0  # waits for its upstream
    assert answer_of(conversation.call(params, method))["error"]["code"] == code
    assert conversation.call(GOOD).status == 0


def test_a_large_meta_is_not_kept_for_the_next_message() -> None:
    conversation = Conversation()
    conversation.call({**GOOD, "_meta": {**META, "x": "y" * 5000}})
    assert not any("y" * 100 in str(note) for note in conversation.notes.values())
