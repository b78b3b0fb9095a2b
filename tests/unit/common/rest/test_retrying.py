"""Which answers make a request go out again, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.rest.results import Answer
from mcpgateway.common.rest.retrying import MAX_WAIT, after, wait

NOW = 784111777.0  # Sun, 06 Nov 1994 08:49:37 GMT


def seconds(status: int, after: str = "", *, harmless: bool = True, again: int = 0) -> float | None:
    answer = Answer(status, "", b"", retry_after=after)
    return wait(answer, again, harmless=harmless, now=NOW, random=1.0)


@pytest.mark.parametrize(
    ("status", "harmless", "again"),
    [
        (429, True, True),
        (429, False, True),
        (502, True, True),
        (503, True, True),
        (504, True, True),
        (503, False, False),
        (500, True, False),
        (404, True, False),
        (200, True, False),
    ],
)
def test_what_may_have_been_done_is_asked_for_again_only_where_that_is_harmless(
    status: int, harmless: bool, again: bool
) -> None:
    assert (seconds(status, harmless=harmless) is not None) is again


def test_the_service_says_when_in_seconds_or_by_date() -> None:
    assert seconds(503, "3") == 3
    assert seconds(503, "Sun, 06 Nov 1994 08:49:39 GMT") == 2
    assert seconds(503, "Sun, 06 Nov 1994 08:49:30 GMT") == 0


def test_who_is_to_come_back_much_later_is_told_so() -> None:
    assert seconds(429, str(int(MAX_WAIT) + 1)) is None
    assert seconds(429, "Sun, 06 Nov 2094 08:49:37 GMT") is None


def test_without_a_word_the_waits_grow_and_differ() -> None:
    waits = [seconds(503, again=again) for again in range(3)]
    assert waits == [0.25, 0.5, 1.0]
    early = wait(Answer(503, "", b""), 0, harmless=True, now=NOW, random=0.0)
    assert early == 0.125


@given(st.text())
def test_any_header_is_read_or_passed_over(text: str) -> None:
    found = after(text, NOW)
    assert found is None or found >= 0
