"""What a run may take."""

import pytest

from mcpgateway.common.routing.recipe import MAX_CALLS
from mcpgateway.data_plane.pipeline.composing.allowance import (
    MAX_KEPT,
    MAX_VALUE,
    Allowance,
    Spent,
    Within,
)


def test_a_run_makes_so_many_calls() -> None:
    allowance = Allowance()
    for _ in range(MAX_CALLS):
        allowance.call()
    with pytest.raises(Spent):
        allowance.call()


def test_a_run_keeps_so_many_bytes() -> None:
    allowance = Allowance()
    for _ in range(MAX_KEPT // MAX_VALUE):
        allowance.keep(MAX_VALUE)
    with pytest.raises(Spent):
        allowance.keep(1)


def test_no_answer_is_larger_than_one_may_be() -> None:
    with pytest.raises(Spent):
        Allowance().keep(MAX_VALUE + 1)


def test_a_run_within_a_run_shares_what_it_may_take() -> None:
    outer = Within(Allowance())
    assert outer.deeper == Within(outer.allowance, 2)
