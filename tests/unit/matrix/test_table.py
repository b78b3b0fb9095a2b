"""The table of verdicts is whole, and the published page is made of it."""

import os

import pytest

from matrix.table import PAGE, TABLE, Cell, Table, read, render

SMALL = """
upstreams = ["a", "b"]
clients = ["c"]
[verdicts]
works = ["works", "yes", "it works"]
[features.call]
about = "it is called"
cells = '''
{}
'''
"""


def test_the_page_is_what_the_table_says() -> None:
    wanted = render(read())
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(wanted)
    assert PAGE.read_text() == wanted, f"{PAGE.name} is not of {TABLE.name}: make golden"


def test_each_cell_is_shown_in_the_row_of_its_client_and_the_column_of_its_upstream() -> None:
    table = Table(SMALL.format("works works"))
    assert [*table] == [Cell("call", "c", "a"), Cell("call", "c", "b")]
    assert "| **c** | yes | yes |" in render(table)
    assert "- yes: it works" in render(table)


@pytest.mark.parametrize("cells", ["works", "works works works", "works broken", ""])
def test_a_table_that_lacks_a_word_or_has_an_unknown_one_is_refused(cells: str) -> None:
    with pytest.raises(ValueError, match="call"):
        Table(SMALL.format(cells))
