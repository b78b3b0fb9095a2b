from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.metrics.exposition import (
    Family,
    Sample,
    decode,
    encode,
    merge,
    render,
)

CALLS = Family("calls_total", "counter", "Calls.", ("to",), [Sample(("a",), 3.0)])
TIMES = Family("time_seconds", "histogram", "Time.", (), [Sample((), 1.25, [2, 0, 1])], (0.5, 1.0))


def test_the_text_is_what_prometheus_reads() -> None:
    assert render([CALLS, TIMES]).decode() == (
        "# HELP calls_total Calls.\n"
        "# TYPE calls_total counter\n"
        'calls_total{to="a"} 3\n'
        "# HELP time_seconds Time.\n"
        "# TYPE time_seconds histogram\n"
        'time_seconds_bucket{le="0.5"} 2\n'
        'time_seconds_bucket{le="1"} 2\n'
        'time_seconds_bucket{le="+Inf"} 3\n'
        "time_seconds_sum 1.25\n"
        "time_seconds_count 3\n"
    )


def test_nothing_is_an_empty_text() -> None:
    assert render([]) == b""


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.0, "0"), (-2.0, "-2"), (0.1, "0.1"), (1e300, "1e+300"), (inf, "+Inf"), (-inf, "-Inf")],
)
def test_numbers_are_written_as_short_as_they_are_exact(number: float, text: str) -> None:
    family = Family("a", "gauge", "A.", (), [Sample((), number)])
    assert render([family]).decode().splitlines()[-1] == f"a {text}"


def test_no_number_is_written_as_such() -> None:
    assert render([Family("a", "gauge", "A.", (), [Sample((), nan)])]).endswith(b"a NaN\n")


def test_what_would_break_a_line_is_escaped() -> None:
    family = Family("a", "gauge", "A\nB \\", ("x",), [Sample(('"\\\n',), 1.0)])
    assert render([family]).decode() == (
        '# HELP a A\\nB \\\\\n# TYPE a gauge\na{x="\\"\\\\\\n"} 1\n'
    )


@given(st.text(), st.text())
def test_no_label_value_makes_another_line(first: str, second: str) -> None:
    family = Family("a", "gauge", "A.", ("x", "y"), [Sample((first, second), 1.0)])
    assert render([family]).count(b"\n") == 3


def test_merged_samples_say_whose_they_are_and_stand_together() -> None:
    other = Family("calls_total", "counter", "Calls.", ("to",), [Sample(("b",), 4.0)])
    merged = merge("replica", {"0": [CALLS, TIMES], "1": [TIMES, other]})
    assert [family.name for family in merged] == ["calls_total", "time_seconds"]
    assert merged[0].labels == ("replica", "to")
    assert merged[0].samples == [Sample(("0", "a"), 3.0), Sample(("1", "b"), 4.0)]
    assert [sample.values for sample in merged[1].samples] == [("0",), ("1",)]


@pytest.mark.parametrize(
    "stranger",
    [
        Family("calls_total", "gauge", "Calls.", ("to",), [Sample(("b",), 4.0)]),
        Family("calls_total", "counter", "Calls.", ("by",), [Sample(("b",), 4.0)]),
    ],
)
def test_a_family_that_another_version_made_otherwise_is_left_out(stranger: Family) -> None:
    merged = merge("replica", {"0": [CALLS], "1": [stranger]})
    assert [sample.values for sample in merged[0].samples] == [("0", "a")]


def test_merging_changes_no_part() -> None:
    before = encode([CALLS])
    merge("replica", {"0": [CALLS], "1": [CALLS]})
    assert encode([CALLS]) == before


def test_what_is_passed_on_arrives_as_it_was() -> None:
    assert decode(encode([CALLS, TIMES])) == [CALLS, TIMES]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'[{"name":"a"}]',
        b"[" * 10_000,
        encode([Family("a", "gauge", "A.", ("x",), [Sample((), 1.0)])]),
        encode([Family("a", "histogram", "A.", (), [Sample((), 1.0, [1])], (0.5,))]),
        encode([Family("a", "counter", "A.", (), [Sample((), 1.0, [1])])]),
    ],
)
def test_what_fits_no_family_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a list of metric families|does not fit"):
        decode(data)
