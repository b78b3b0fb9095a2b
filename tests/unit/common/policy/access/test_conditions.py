"""Conditions: what they read, what is wrong with one, and that evaluating one ends."""

import time
from typing import Any

import pytest

from mcpgateway.common.policy.access.conditions import (
    ARGUMENT_DEPTH,
    ARGUMENT_VALUES,
    TEXT_LIMIT,
    Condition,
    Unusable,
    moment,
    readable,
)

GIVEN: dict[str, Any] = {
    "principal": {"id": "ann", "teams": ["red"], "attributes": {"level": 3}},
    "claims": {"azp": "agent"},
    "chain": ["agent"],
    "args": {"n": 7, "path": "/etc/passwd", "list": [1, 2, 3]},
    "time": moment(1_700_000_000),  # 2023-11-14, a Tuesday, 22:13 UTC
    "source": "10.1.2.3",
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("principal.id == 'ann' && 'red' in principal.teams", True),
        ("principal.attributes.level > 3", False),
        ("claims.azp == chain[0]", True),
        ("args.path.matches('^/etc/')", True),
        ("args.list.exists(x, x == 3) && args.list.all(x, x < 4)", True),
        ("size(args.list.filter(x, x > 1)) == 2", True),
        ("time.getHours() == 22 && time.getDayOfWeek() == 2", True),
        ("in_network(source, '10.0.0.0/8')", True),
        ("!in_network(source, '10.0.0.0/8')", False),
        ("has(args.n) && !has(args.m)", True),
        ("args.m == 1", None),
        ("args.n == 'x' + 1", None),
        ("args.n", None),
        ("args.n / 0 == 1", None),
        ("in_network(args.path, '10.0.0.0/8')", None),
        ("!in_network(source, 'nonsense')", None),
        ("args.path.matches('(')", None),
    ],
)
def test_a_condition_holds_or_not_or_can_not_be_evaluated(text: str, holds: bool | None) -> None:
    assert Condition(text).holds(GIVEN) is holds


@pytest.mark.parametrize(
    ("text", "reads", "static"),
    [
        ("principal.id == claims.sub", {"principal", "claims"}, True),
        ("chain.exists(x, x == 'agent')", {"chain"}, True),
        ("args.exists(k, k == 'x')", {"args"}, False),
        ("principal.admin || in_network(source, '::1/128')", {"principal", "source"}, False),
        ("true", set(), True),
    ],
)
def test_what_reads_the_caller_alone_is_static(text: str, reads: set[str], static: bool) -> None:
    condition = Condition(text)
    assert condition.reads == reads
    assert condition.static is static


def test_what_is_not_known_can_not_be_evaluated() -> None:
    assert Condition("args.n == 7").holds({"source": "10.1.2.3"}) is None
    assert Condition("args.n == 7 || source != ''").holds({"source": "10.1.2.3"}) is True


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must have 1 to 1000 characters, has 0"),
        ("true || " * TEXT_LIMIT + "true", "must have 1 to 1000 characters"),
        ("principal.id ==", "is no CEL expression: <input>:1:"),
        ("user.id == 'ann'", "reads 'user'; there are args, chain"),
        ("open('/etc/passwd') == ''", "calls open(), which there is not"),
        ("args.l.map(x, x) == []", "has map()"),
        ("args.l.all(x, args.l.all(y, x < y))", "has all() inside another macro"),
        ("args.l . // )\n all ( x, args.l.exists(y, x < y))", "has exists() inside another macro"),
        ("args.l.all(principal, true)", "calls an element 'principal', which is a variable"),
        ("args.s == r'\\d'", "has a raw string"),
    ],
)
def test_a_text_that_can_not_be_used_is_told_why(text: str, problem: str) -> None:
    with pytest.raises(Unusable) as caught:
        Condition(text)
    assert str(caught.value).startswith(problem)


def test_words_in_quotes_are_only_words() -> None:
    assert Condition("args.path != 'l.all(x, l.map(y, y))'").holds(GIVEN) is True


def test_the_largest_arguments_are_evaluated_in_no_time() -> None:
    condition = Condition("args.list.all(x, x.matches('^(a+)+$') || x == 'b')")
    values = ["a" * 14 + "!"] * (ARGUMENT_VALUES - 3)
    assert readable({"list": values})
    begun = time.perf_counter()
    assert condition.holds({"args": {"list": values}}) is False
    assert time.perf_counter() - begun < 1.0


def test_arguments_are_read_up_to_a_number_of_values_and_a_depth() -> None:
    assert readable({"a": [1, {"b": None}]})
    assert not readable([0] * ARGUMENT_VALUES)
    deep: Any = 0
    for _ in range(ARGUMENT_DEPTH):
        deep = [deep]
    assert not readable(deep)
