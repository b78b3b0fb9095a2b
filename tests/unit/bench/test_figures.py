"""What stands for many figures, and when a target counts as met."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.contract import Line, Target
from bench.figures import differences, percentile, ratios, spread, verdict

numbers = st.floats(-1e9, 1e9)
some = st.lists(numbers, min_size=1, max_size=50)


@given(some, st.floats(0, 100))
def test_a_percentile_is_one_of_the_values_and_lies_between_the_extremes(
    values: list[float], percent: float
) -> None:
    found = percentile(values, percent)
    assert found in values
    least, middle, most = spread(values)
    assert least <= found <= most
    assert least <= middle <= most


@given(some)
def test_so_many_percent_of_the_values_do_not_exceed_a_percentile(values: list[float]) -> None:
    for percent in (1, 50, 99, 100):
        within = sum(value <= percentile(values, percent) for value in values)
        assert within >= len(values) * percent / 100


def test_percentiles_are_by_nearest_rank() -> None:
    hundred = list(range(1, 101))
    assert [percentile(hundred, p) for p in (0, 1, 50, 99, 100)] == [1, 1, 50, 99, 100]


@pytest.mark.parametrize("ask", [spread, lambda values: percentile(values, 50)])
def test_nothing_can_be_said_of_no_values(ask: object) -> None:
    with pytest.raises(ValueError, match="no values"):
        ask([])  # type: ignore[operator]  # one of the two above


def test_ratios_and_differences_are_made_within_a_round() -> None:
    assert ratios([10, 30], [20, 20]) == (0.5, 1.5)
    assert differences([10, 30], [20, 20]) == (-10, 10)
    with pytest.raises(ValueError, match="argument 2 is"):
        ratios([1, 2], [1])


@pytest.mark.parametrize(
    ("values", "target", "met"),
    [
        ((1.0, 2.0, 9.0), Target("<=", 2.0), True),
        ((1.0, 2.1, 2.2), Target("<=", 2.0), False),
        ((0.5, 0.7, 0.9), Target(">=", 0.6, worst=0.5), True),
        ((0.4, 0.7, 0.9), Target(">=", 0.6, worst=0.5), False),
        ((1.0, 1.0, 9.0), Target("<=", 2.0, worst=5.0), False),
    ],
)
def test_the_median_decides_and_with_a_bound_every_round(
    values: tuple[float, ...], target: Target, met: bool
) -> None:
    assert verdict(Line("it", "ms", values, target)) is met


def test_a_line_without_a_target_is_not_judged() -> None:
    assert verdict(Line("it", "ms", (1.0,))) is None
