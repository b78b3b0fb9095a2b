"""Which bodies are taken for JSON objects."""

import pytest

from mcpgateway.common.errors import InvalidCall
from mcpgateway.data_plane.edge.body import NotJson, read_object, require_json
from support.exchange import RecordingExchange

JSON = {b"content-type": b"application/json"}


@pytest.mark.parametrize("declared", [b"application/json", b"Application/JSON ; charset=utf-8"])
def test_json_is_what_says_so(declared: bytes) -> None:
    require_json({b"content-type": declared})


@pytest.mark.parametrize("declared", [b"", b"text/plain", b"application/jsonx"])
def test_anything_else_is_415(declared: bytes) -> None:
    with pytest.raises(NotJson, match="application/json") as caught:
        require_json({b"content-type": declared})
    assert caught.value.status == 415


def test_members_stay_as_they_were_written() -> None:
    exchange = RecordingExchange(body=b'{"b": 1.10, "a":[ ]}')
    found = read_object(exchange, JSON)
    assert {name: bytes(raw) for name, raw in found.items()} == {"b": b"1.10", "a": b"[ ]"}


def test_an_empty_body_has_no_members_and_needs_no_type() -> None:
    assert read_object(RecordingExchange(), {}) == {}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"[]", "object"),
        (b"{", "no JSON"),
        (b'{"a":"\xff"}', "UTF-8 at byte 6"),
        (b"[" * 100_000, "JSON"),
    ],
)
def test_what_is_no_object_is_named(body: bytes, problem: str) -> None:
    with pytest.raises(InvalidCall, match=problem):
        read_object(RecordingExchange(body=body), JSON)
