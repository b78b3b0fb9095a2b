"""How long upkeep waits."""

from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.discovery.standing import Pace, refresh_wait, retry_wait

SPREADS = st.floats(0, 1, exclude_max=True)


@given(st.integers(0, 10_000), SPREADS)
def test_a_retry_waits_longer_with_each_failure_up_to_a_limit(failures: int, spread: float) -> None:
    pace = Pace()
    wait = retry_wait(pace, failures, spread)
    assert pace.retry_first / 2 <= wait <= pace.retry_most
    assert wait <= retry_wait(pace, failures + 1, spread)


def test_the_first_retry_is_quick_and_later_ones_double() -> None:
    assert [retry_wait(Pace(), n, 0.0) for n in (0, 1, 2, 10)] == [1, 2, 4, 60]


@given(SPREADS)
def test_the_refresh_interval_varies_by_a_tenth(spread: float) -> None:
    assert 270 <= refresh_wait(Pace(), spread) <= 330
