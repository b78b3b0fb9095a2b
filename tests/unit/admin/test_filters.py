from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.admin.filters import first_line, milliseconds, moment, plural


def test_a_moment_reads_the_same_from_every_spelling() -> None:
    shown = "2026-11-22 09:30:00 UTC"
    for given_moment in (
        "2026-11-22T09:30:00Z",
        "2026-11-22T10:30:00+01:00",
        "2026-11-22T09:30:00.123456+00:00",
        datetime.fromisoformat("2026-11-22T09:30:00+00:00").timestamp(),
    ):
        assert moment(given_moment) == shown
    assert moment(None) == moment("") == "-"


@given(st.none() | st.text() | st.floats() | st.integers())
def test_no_moment_breaks_a_page(value: object) -> None:
    assert isinstance(moment(value), str)


def test_numbers_go_with_their_words() -> None:
    assert [plural(n, "tool") for n in (0, 1, 2, 1234)] == [
        "0 tools",
        "1 tool",
        "2 tools",
        "1,234 tools",
    ]
    assert milliseconds(None) == "-"
    assert milliseconds(4.25) == "4.2 ms"
    assert milliseconds(1234.5) == "1,234 ms"


@given(st.text(), st.integers(2, 200))
def test_a_first_line_is_one_line_of_limited_length(text: str, limit: int) -> None:
    line = first_line(text, limit)
    assert len(line) <= limit
    assert "\n" not in line
