"""A vector is kept in bytes, and its angle to others stays what it was."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.search.vectors import FEWEST, MOST, cosine, vector

numbers = st.lists(st.floats(-1, 1), min_size=32, max_size=32).filter(
    lambda each: max(map(abs, each)) > 0.01
)


@given(numbers, numbers)
def test_the_cosine_is_kept(a: list[float], b: list[float]) -> None:
    exact = sum(x * y for x, y in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))
    assert cosine(vector(a), vector(b)) == pytest.approx(exact, abs=0.03)


@given(numbers, st.floats(1e-3, 1e3))
def test_how_long_it_is_says_nothing(a: list[float], times: float) -> None:
    assert cosine(vector(a), vector([each * times for each in a])) == pytest.approx(1, abs=1e-3)


def test_signs_tell_what_lies_opposite() -> None:
    a = [(-1.0) ** n for n in range(32)]
    there, back = vector(a), vector([-each for each in a])
    assert (there.signs ^ back.signs).bit_count() == 32
    assert cosine(there, back) == pytest.approx(-1)


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        [1.0] * (FEWEST - 1),
        [1.0] * (MOST + 1),
        [0.0] * FEWEST,
        [math.inf] * FEWEST,
        [1.0] * FEWEST + [math.nan],
        [math.nan] + [1.0] * FEWEST,
    ],
)
def test_what_can_be_no_vector_is_refused(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="a vector must have"):
        vector(wrong)
