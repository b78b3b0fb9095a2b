"""Which commands may run: those that the operator named, and no others."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.runner.stdio import allowed
from mcpgateway.runner.stdio.allowed import MOST, Entry, NotAllowed, judge, parse

TEXTS = st.text(max_size=20)
ARGS = st.lists(TEXTS, max_size=5)


def permits(listed: str, command: str, *args: str) -> bool:
    try:
        judge(parse(listed), command, args)
    except NotAllowed:
        return False
    return True


@given(TEXTS, ARGS)
def test_an_empty_list_allows_nothing(command: str, args: list[str]) -> None:
    assert not permits("", command, *args)


@given(TEXTS, ARGS)
def test_only_the_program_that_is_named_is_allowed(command: str, args: list[str]) -> None:
    assert permits("uvx ...", command, *args) is (command == "uvx")


@given(ARGS)
def test_a_program_alone_takes_no_argument(args: list[str]) -> None:
    assert permits("uvx", "uvx", *args) is (args == [])


@given(TEXTS, TEXTS)
def test_an_argument_without_a_star_is_that_argument(pattern: str, arg: str) -> None:
    entry = Entry("x", (pattern.replace("*", "."),))
    assert (entry.problem([arg]) is None) is (arg == pattern.replace("*", "."))


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_a_star_stands_for_any_characters(pattern: str, arg: str) -> None:
    exact = ".*".join(re.escape(part) for part in pattern.split("*"))
    assert allowed._matches(pattern, arg) is (re.fullmatch(exact, arg) is not None)


@given(TEXTS)
def test_a_star_is_never_an_option(arg: str) -> None:
    assert permits("uvx *", "uvx", arg) is not arg.startswith("-")
    assert permits("uvx --zone=*", "uvx", f"--zone={arg}")


@pytest.mark.parametrize(
    ("listed", "args", "good"),
    [
        ("uvx mcp-server-time", ["mcp-server-time"], True),
        ("uvx mcp-server-time", ["mcp-server-time", "--x"], False),
        ("uvx mcp-server-time", ["mcp-server-timex"], False),
        ("uvx mcp-server-time ...", ["mcp-server-time", "--x", "y"], True),
        ("uvx mcp-server-time ...", ["--from=evil", "mcp-server-time"], False),
        ("uvx mcp-server-time ...", [], False),
        ("uvx mcp-*", ["mcp-anything/at all\n"], True),
        ("uvx mcp-*-time", ["mcp-time"], False),
        ("uvx a ; uvx b", ["b"], True),
        ("uvx a\nuvx b", ["c"], False),
        ("uvx 'two words'", ["two words"], True),
        ("uvx ''", [""], True),
        ("uvx .+", ["xx"], False),
        ("uvx $HOME `id`", ["$HOME", "`id`"], True),
    ],
)
def test_arguments_are_held_to_their_patterns(listed: str, args: list[str], good: bool) -> None:
    assert permits(listed, "uvx", *args) is good


@pytest.mark.parametrize("other", ["./uvx", "/usr/bin/uvx", "UVX", "uvx ", "../uvx", "uvx\0"])
def test_a_program_of_another_place_is_another_program(other: str) -> None:
    assert not permits("uvx ...", other)


@pytest.mark.parametrize(
    ("listed", "problem"),
    [
        ("uvx 'a", "can not be read"),
        ("u*x", "exactly"),
        ("--uvx", "exactly"),
        ("...", "exactly"),
        ("bin/uvx", "absolute"),
        ("uvx ... a", "last word"),
        (";".join("uvx" for _ in range(MOST + 1)), "256"),
    ],
)
def test_a_list_that_can_not_be_meant_is_refused(listed: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse(listed)


def test_a_refusal_shows_no_argument() -> None:
    with pytest.raises(NotAllowed) as caught:
        judge(parse("uvx a"), "uvx", ["--token=secret"])
    assert "secret" not in str(caught.value)
    assert "argument 1" in str(caught.value)


def test_many_stars_against_a_long_argument_end_soon() -> None:
    pattern = "a*" * 500 + "b"
    assert Entry("x", (pattern,)).problem(["a" * 4096]) is not None
    assert allowed._matches(pattern, "a" * 4096 + "b")
