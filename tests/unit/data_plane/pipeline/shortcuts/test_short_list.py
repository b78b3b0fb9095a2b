"""Shortcuts of lists: what they take is answered as on the long way, the rest they leave."""

import gc
import json
import weakref
from typing import Any

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.routing.model import Record
from mcpgateway.data_plane.pipeline.answer import LONG
from support.endpoint import JSON_HEADERS, META, NOW, bearer, mirrored, token
from support.registries import server, tool, upstream
from support.shortcuts import (
    IN_SESSIONS,
    MODERN,
    Connection,
    Kind,
    RecordingTurn,
    Rig,
)

LONE = Kind("lone", "modern")
MANY: list[Record] = [
    upstream("u"),
    *(tool(f"t{n}", "u", definition=b'{"title":"%b"}' % (b"x" * 200)) for n in range(99)),
]


class Lists(Rig):
    """A connection whose head asks for tools."""

    def __init__(self, *records: Record, kind: Kind = MODERN) -> None:
        super().__init__(*records, kind=kind)
        if kind is MODERN:
            self.lines = [*JSON_HEADERS, bearer(token()), *mirrored("tools/list", {})]

    def ask(self, id: jsonrpc.Id = 7, method: str = "tools/list", **params: Any) -> bytes:
        if self.kind is MODERN:
            params = {"_meta": META, **params}
        return jsonrpc.request(id, method, json.dumps(params).encode())

    def learned(self) -> "Lists":
        for _ in range(2):
            self.send(self.ask())
        assert Connection.shortcut is not None
        return self

    def answered(self, body: bytes) -> list[bytes]:
        turn = RecordingTurn()
        return turn.answers if self.take(body, turn) is not None else []


@pytest.mark.parametrize("kind", [MODERN, IN_SESSIONS, LONE], ids=str)
@pytest.mark.parametrize("records", [(), MANY], ids=["short", "long"])
@pytest.mark.parametrize("id", [8, "a string"])
async def test_the_answer_is_byte_for_byte_that_of_the_long_way(
    kind: Kind, records: list[Record], id: jsonrpc.Id
) -> None:
    rig = Lists(*records, kind=kind).learned()
    long_way = rig.send(rig.ask(id)).answer
    assert (len(long_way) >= LONG) is bool(records)
    assert rig.answered(rig.ask(id)) == [long_way]


async def test_it_counts_as_any_other() -> None:
    rig = Lists().learned()
    before = rig.outcomes()["ok"]
    assert rig.answered(rig.ask())
    assert rig.outcomes()["ok"] == before + 1


@pytest.mark.parametrize(
    "other",
    [
        {"cursor": "abc"},
        {"cursor": None},
        {"extra": 1},
        {"_meta": {**META, "progressToken": 1}},
        {"method": "prompts/list"},
        {"id": None},
    ],
    ids=str,
)
async def test_another_request_goes_the_long_way(other: dict[str, Any]) -> None:
    rig = Lists().learned()
    assert rig.answered(rig.ask(**other)) == []


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"{}", b'{"jsonrpc":"2.0","method":"tools/list"}']
)
async def test_what_is_no_request_goes_the_long_way(body: bytes) -> None:
    assert Lists().learned().answered(body) == []


async def test_a_change_of_the_table_ends_it_and_nothing_holds_what_was() -> None:
    rig = Lists(*MANY).learned()
    assert rig.answered(rig.ask())
    before = weakref.ref(rig.parts.tables.current)
    rig.notes = {}
    rig.parts.put(tool("new", "u"))
    gc.collect()
    assert before() is None
    assert rig.answered(rig.ask()) == []


async def test_credentials_that_expired_end_it() -> None:
    rig = Lists().learned()
    rig.parts.clock.now = NOW + 3601
    assert rig.answered(rig.ask()) == []


async def test_a_session_that_ended_ends_it() -> None:
    rig = Lists(kind=IN_SESSIONS).learned()
    rig.send(b"", "DELETE")
    assert rig.answered(rig.ask()) == []


async def test_a_list_in_pages_is_given_no_shortcut() -> None:
    rig = Lists(*MANY, server("s"))
    rig.send(rig.ask(cursor="unknown"))
    rig.send(rig.ask(cursor="unknown"))
    assert Connection.shortcut is None


async def test_a_list_between_calls_does_not_take_their_shortcut() -> None:
    rig = Lists(kind=LONE)
    calls = rig.learn()
    assert rig.take(rig.call()) is not None
    for _ in range(4):
        rig.send(rig.ask())
    assert Connection.shortcut is calls
