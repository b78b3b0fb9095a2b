import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.runtime.stdio.lines import Lines, LineTooLong


@given(st.lists(st.binary(max_size=40)), st.data())
def test_any_chunking_gives_the_same_lines(parts: list[bytes], data: st.DataObject) -> None:
    wanted = [part.replace(b"\n", b" ").strip() for part in parts]
    stream = b"".join(part + b"\n" for part in wanted)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    lines = Lines()
    got: list[bytes] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        got += lines.feed(stream[start:end])
    assert got == [line for line in wanted if line]


def test_windows_line_ends_and_empty_lines_are_dropped() -> None:
    assert Lines().feed(b'{"a":1}\r\n\r\n\n{"b":2}\n') == [b'{"a":1}', b'{"b":2}']


def test_an_unfinished_line_is_kept_for_later() -> None:
    lines = Lines()
    assert lines.feed(b"one\ntw") == [b"one"]
    assert lines.feed(b"o\n") == [b"two"]


@pytest.mark.parametrize("chunks", [[b"x" * 11], [b"x" * 6, b"x" * 6], [b"x" * 11 + b"\n"]])
def test_a_line_over_the_limit_is_refused_however_it_comes(chunks: list[bytes]) -> None:
    *before, last = chunks
    lines = Lines(limit=10)
    for chunk in before:
        lines.feed(chunk)
    with pytest.raises(LineTooLong, match="over 10 bytes"):
        lines.feed(last)


def test_a_line_of_exactly_the_limit_passes() -> None:
    assert Lines(limit=10).feed(b"x" * 10 + b"\n") == [b"x" * 10]
