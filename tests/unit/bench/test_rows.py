"""The rows of the benchmark fit together: names, words and the numbers they promise."""

import ast
from pathlib import Path

from bench import rows
from bench.rows import ROWS


def test_every_module_of_a_row_is_among_the_rows() -> None:
    modules = {path.stem for path in Path(rows.__file__).parent.glob("*.py")} - {"__init__"}
    assert {row.name for row in ROWS} == modules


def test_no_row_asserts_anything_of_time() -> None:
    for path in Path(rows.__file__).parent.glob("*.py"):
        asserted = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Assert)]
        assert asserted == [], path.name


def test_every_row_says_what_it_is_about() -> None:
    for row in ROWS:
        assert row.title
        assert row.about.endswith(".")
