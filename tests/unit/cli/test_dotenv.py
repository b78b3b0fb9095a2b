"""`.env` files as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.cli import dotenv
from mcpgateway.cli.errors import UsageError

NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,20}", fullmatch=True)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"))


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("NAME=plain", "plain"),
        ("  NAME = spaced ", "spaced"),
        ("export NAME=exported", "exported"),
        ("NAME=value # a comment", "value"),
        ("NAME=a#b", "a#b"),
        ("NAME=", ""),
        ("NAME= # nothing", ""),
        ("NAME='single # \"kept\" $HOME'", 'single # "kept" $HOME'),
        (r'NAME="double \"quoted\" \n" # gone', 'double "quoted" \n'),
        ("NAME=postgresql://u:p@h/d?x=1", "postgresql://u:p@h/d?x=1"),
        ('NAME=["a","b"]', '["a","b"]'),
    ],
)
def test_a_line_reads_as_a_shell_would(line: str, value: str) -> None:
    assert dotenv.parse(f"# head\n\n{line}\n") == {"NAME": value}


@pytest.mark.parametrize("line", ["no assignment", "1NAME=x", "NAME='open", 'NAME="a" b', "=x"])
def test_a_line_that_is_no_assignment_is_named_by_number(line: str) -> None:
    with pytest.raises(UsageError, match=r"my\.env, line 2"):
        dotenv.parse(f"A=1\n{line}\n", "my.env")


def test_the_last_of_one_name_wins() -> None:
    assert dotenv.parse("A=1\nA=2") == {"A": "2"}


@given(st.dictionaries(NAMES, VALUES))
def test_what_is_written_reads_back(values: dict[str, str]) -> None:
    assert dotenv.parse(dotenv.dump(values)) == values


def test_an_endless_file_is_refused() -> None:
    with pytest.raises(UsageError, match="over 1048576"):
        dotenv.parse("#" * (dotenv.MAX_SIZE + 1))
