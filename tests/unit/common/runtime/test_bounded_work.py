"""What a worker process says to a filter or a schema, and in which form."""

import msgspec

from mcpgateway.common.runtime.bounded_work import Done, Work, answer, do


def test_a_filter_gives_json_and_a_schema_problems() -> None:
    assert do(Work("filter", b".a", b'{"a":1}')) == Done(b"1")
    assert do(Work("schema", b'{"type":"null"}', b"1")).problems[0].pointer == ""
    assert "line 1" in do(Work("schema", b"{", b"1")).failed


def test_what_is_asked_and_answered_is_messagepack() -> None:
    said = answer(msgspec.msgpack.encode(Work("schema", b'{"type":"null"}', b"1")))
    assert msgspec.msgpack.decode(said, type=Done).problems[0].problem
