"""Readers of the table see whole changes only."""

import pytest

from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.model import Key
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.table.holder import TableHolder

KEY = Key("tool", "t1")
ONE, TWO = (build("a-registry", revision, ()) for revision in (1, 2))


def holder() -> tuple[TableHolder, list[tuple[Table, frozenset[Key] | None]]]:
    made, seen = TableHolder(), []
    made.on_change(lambda table, touched: seen.append((table, touched)))
    return made, seen


def test_a_swap_is_seen_at_once_with_what_it_touched() -> None:
    tables, seen = holder()
    tables.swap(ONE, frozenset({KEY}))
    assert tables.current is tables.newest is ONE
    assert seen == [(ONE, frozenset({KEY}))]


def test_swaps_that_belong_together_are_seen_as_one_in_the_end() -> None:
    tables, seen = holder()
    with tables.together():
        tables.swap(ONE, None)
        assert not tables.loaded
        with tables.together():
            tables.swap(TWO, frozenset({KEY}))
        assert tables.newest is TWO
        assert seen == []
    assert tables.current is TWO
    assert seen == [(TWO, None)]


def test_what_was_swapped_before_a_failure_is_seen_after_it() -> None:
    tables, seen = holder()

    def fail() -> None:
        with tables.together():
            tables.swap(ONE, None)
            raise OSError("away")

    with pytest.raises(OSError, match="away"):
        fail()
    assert seen == [(ONE, None)]


def test_where_nothing_was_swapped_nothing_is_seen() -> None:
    tables, seen = holder()
    with tables.together():
        pass
    assert seen == []
