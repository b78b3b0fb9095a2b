"""Documents are held against schemas of every draft, nothing is fetched, and what could take for
ever is told from what can not."""

import time
from typing import Any

import pytest

from mcpgateway.common.schema_check import MAX_PROBLEMS, Check, problems

DRAFT = "http://json-schema.org/draft-0{}/schema#"


def exponential(depth: int) -> dict[str, Any]:
    """Each level is checked twice as often as the one above."""
    named = {f"a{i}": {"allOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(depth)}
    return {"$defs": {**named, f"a{depth}": {"type": "string"}}, "$ref": "#/$defs/a0"}


def test_each_problem_has_the_pointer_of_its_place() -> None:
    schema = {"properties": {"a/b": {"items": {"type": "integer"}}}, "required": ["c"]}
    found = Check(schema).problems({"a/b": [1, "x"]})
    assert {str(each) for each in found} == {
        '/a~1b/1: "x" is not of type "integer"',
        '"c" is a required property',
    }


def test_no_more_than_twenty_are_told() -> None:
    found = Check({"items": {"type": "integer"}}).problems(["x"] * 1000)
    assert len(found) == MAX_PROBLEMS


def test_a_long_value_is_not_repeated_whole() -> None:
    (found,) = Check({"type": "integer"}).problems("x" * 10_000)
    assert len(found.problem) <= 300


@pytest.mark.parametrize(
    ("schema", "fits"),
    [
        ({"prefixItems": [{"type": "string"}]}, False),  # 2020-12 where nothing is said
        ({"$schema": DRAFT.format(7), "prefixItems": [{"type": "string"}]}, True),
        ({"$schema": DRAFT.format(7), "items": [{"type": "string"}]}, False),
        ({"$schema": DRAFT.format(6), "items": [{"type": "string"}]}, False),
        ({"$schema": DRAFT.format(4), "items": {"minimum": 1, "exclusiveMinimum": True}}, False),
        (
            {"$schema": "https://json-schema.org/draft/2019-09/schema", "items": [False]},
            False,
        ),
        (True, True),
        (False, False),
    ],
)
def test_the_draft_is_that_which_the_schema_names(schema: Any, fits: bool) -> None:
    assert (Check(schema).problems([1]) == []) is fits


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nothing"},
        {"$ref": "http://127.0.0.1:1/schema"},
        {"$ref": "file:///etc/hostname"},
        {"$ref": "#/$defs/missing"},
        {"$schema": "https://example.com/mine"},
        {"pattern": "("},
        {"enum": ["x" * 300_000]},
        [],
        "string",
        None,
    ],
)
def test_what_is_no_schema_of_its_own_is_refused_with_one_reason(schema: Any) -> None:
    assert len(problems(schema)) == 1


def test_a_schema_that_is_nested_too_deeply_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(300):
        schema = {"not": schema}
    assert "deep" in problems(schema)[0]


def test_a_good_schema_has_no_problems() -> None:
    assert problems({"type": "object", "properties": {"a": {"type": "string"}}}) == []


@pytest.mark.parametrize(
    "schema",
    [
        exponential(40),
        {"properties": {"a": {"$ref": "#"}}},
        {"$defs": {"a": {"$anchor": "x"}}, "$ref": "#x"},
        {"$dynamicRef": "#x"},
        {"pattern": "(?=a)b"},
        {"properties": {"default": exponential(40)["$defs"]["a0"]}, **exponential(40)},
    ],
)
def test_what_no_size_bounds_is_somebody_elses_to_check(schema: Any) -> None:
    try:
        check = Check(schema)
    except ValueError:
        return  # refused altogether
    assert not check.bounded


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {}}},
        {"pattern": "^(a+)+$"},
        exponential(5),
    ],
)
def test_what_its_size_bounds_is_checked_at_once(schema: Any) -> None:
    assert Check(schema).bounded


def test_a_pattern_costs_in_proportion_to_its_text() -> None:
    check = Check({"pattern": "^(a|a)*(a+)+$"})
    began = time.perf_counter()
    assert check.problems("a" * 100_000 + "!")
    assert time.perf_counter() - began < 5
