import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.sse import Event, EventTooLarge, Parser, comment, encode

# Bytes that matter to the format are frequent, so that short streams hold many events.
wire_bytes = st.lists(
    st.sampled_from(
        b"data: |data:|event: x|id: 7|retry: 10|:|\n|\r|\r\n|\n\n|\xef\xbb\xbf|a| |\0|\xff".split(
            b"|"
        )
    ),
    max_size=40,
).map(b"".join)
# `event` and `id` are single lines without NUL; an empty event name means the default.
names = st.text(st.characters(exclude_characters="\r\n\0", codec="utf-8"), min_size=1)


def pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(edges)]


@given(wire_bytes, st.lists(st.integers(min_value=0), max_size=10))
def test_any_chunking_gives_the_events_of_one_chunk(stream: bytes, cuts: list[int]) -> None:
    parser = Parser()
    events = [event for piece in pieces(stream, cuts) for event in parser.feed(piece)]
    assert events == Parser().feed(stream)


@given(wire_bytes)
def test_byte_by_byte_gives_the_events_of_one_chunk(stream: bytes) -> None:
    parser = Parser()
    events = [event for byte in stream for event in parser.feed(bytes([byte]))]
    assert events == Parser().feed(stream)


@given(st.binary(), st.none() | names, st.none() | names)
def test_what_is_encoded_is_parsed_back_with_line_breaks_as_lf(
    data: bytes, event: str | None, id_: str | None
) -> None:
    (parsed,) = Parser().feed(encode(data, event, id_))
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert parsed == Event(lines, event or "message", id_)


@given(st.lists(st.binary(max_size=20), max_size=5))
def test_events_in_a_row_stay_apart(payloads: list[bytes]) -> None:
    stream = b"".join(encode(json.dumps(data.hex()).encode()) for data in payloads)
    assert [json.loads(event.data) for event in Parser().feed(stream)] == [
        data.hex() for data in payloads
    ]


def test_data_can_not_smuggle_a_field_past_a_carriage_return() -> None:
    (event,) = Parser().feed(encode(b"a\revent: evil\rid: 9"))
    assert event == Event(b"a\nevent: evil\nid: 9")


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_line_ending_of_the_standard_ends_lines(end: bytes) -> None:
    stream = end.join([b"event: tick", b"data: 1", b"data: 2", b"", b"data: 3", b"", b""])
    assert Parser().feed(stream) == [Event(b"1\n2", "tick"), Event(b"3")]


def test_one_leading_space_belongs_to_the_format_and_further_ones_to_the_value() -> None:
    assert Parser().feed(b"data:  a\n\ndata:b\n\n") == [Event(b" a"), Event(b"b")]


def test_a_byte_order_mark_is_skipped_at_the_start_only() -> None:
    stream = b"\xef\xbb\xbfdata: 1\n\n\xef\xbb\xbfdata: 2\n\n"
    assert Parser().feed(stream) == [Event(b"1")]


def test_comments_and_unknown_fields_are_no_events() -> None:
    assert Parser().feed(comment("ping") + b"colour: red\n\n" + comment()) == []


def test_a_comment_between_fields_changes_nothing() -> None:
    assert Parser().feed(b"data: 1\n:ping\ndata: 2\n\n") == [Event(b"1\n2")]


def test_an_event_of_an_id_alone_is_told_because_streams_are_primed_with_one() -> None:
    assert Parser().feed(b"id: 5\ndata:\n\n") == [Event(b"", id="5")]


def test_an_id_with_nul_is_ignored() -> None:
    assert Parser().feed(b"id: a\0b\ndata: x\n\n") == [Event(b"x")]


def test_retry_takes_digits_only() -> None:
    assert Parser().feed(b"retry: 1500\ndata: x\n\n") == [Event(b"x", retry=1500)]
    assert Parser().feed(b"retry: 1.5\ndata: x\n\n") == [Event(b"x")]


def test_a_retry_of_absurd_length_is_ignored() -> None:
    assert Parser().feed(b"retry: " + b"9" * 10_000 + b"\ndata: x\n\n") == [Event(b"x")]


def test_an_unfinished_event_is_not_told() -> None:
    assert Parser().feed(b"data: x\n") == []


def test_the_limit_holds_for_one_endless_line() -> None:
    parser = Parser(limit=100)
    for _ in range(10):
        assert parser.feed(b"x" * 10) == []
    with pytest.raises(EventTooLarge, match="100 bytes"):
        parser.feed(b"x")


def test_the_limit_holds_for_many_lines_of_one_event() -> None:
    parser = Parser(limit=100)
    with pytest.raises(EventTooLarge):
        parser.feed(b"data: 123456789\n" * 11)


def test_the_limit_is_one_event_s_and_not_the_stream_s() -> None:
    assert len(Parser(limit=100).feed(b"data: 123456789\n\n" * 50)) == 50
