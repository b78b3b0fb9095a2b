"""Text in, plain values and their places out; nothing of YAML that surprises."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.cli.declarative.yaml_text import dump
from mcpgateway.cli.declarative.yaml_tree import MAX_DEPTH, Place, TreeError, read

LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["yes", "no", "on", "0o17", "0x1f", "1e3", "1:30", "2026-11-22", "~", "<<"]),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc<~1"), inner), max_leaves=12
)
OBJECTS = st.dictionaries(st.text("abc", min_size=1), VALUES, min_size=1)


def value(text: str) -> Any:
    [tree] = read(text)
    return tree.value


def refusal(text: str) -> TreeError:
    with pytest.raises(TreeError) as caught:
        read(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: yes", "yes"),
        ("a: NO", "NO"),
        ("a: 1:30", "1:30"),
        ("a: 2026-11-22", "2026-11-22"),
        ("a: 010", 10),
        ("a: 0x10", 16),
        ("a: .5", 0.5),
        ("a: '1'", "1"),
        ("a: !!str 1", "1"),
        ("a: ~", None),
        ("a: " + "9" * 50, "9" * 50),
    ],
)
def test_scalars_are_read_by_the_core_schema(text: str, expected: object) -> None:
    found = value(text)["a"]
    assert (found, type(found)) == (expected, type(expected))


def test_each_value_has_its_place() -> None:
    first, second = read("a:\n  - x\n  - b: y\n---\nc: 1\n")
    assert first.places["a", 1, "b"] == Place(3, 8)
    assert second.place(("c",)) == Place(5, 4)
    assert second.place(("c", "missing", 3)) == Place(5, 4)


def test_documents_without_content_are_left_out() -> None:
    assert [tree.value for tree in read("---\n---\na: 1\n---\n# nothing\n")] == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "problem", "place"),
    [
        ("a: 1\na: 2", "the key 'a' stands there twice", Place(2, 1)),
        ("a: !!python/object/apply:os.system [x]", "is not supported", Place(1, 4)),
        ("a: !!binary aGk=", "is not supported", Place(1, 4)),
        ("b: &b {x: 1}\na:\n  <<: *b", "merge keys", Place(3, 3)),
        ("a: *b", "has no &b", Place(1, 4)),
        ("a: &a [*a]", "has no &a", Place(1, 8)),
        ("? [1]\n: 2", "a key must be a text", Place(1, 3)),
        ("a: [1", "no YAML", Place(2, 1)),
        ("a: b: c", "no YAML", Place(1, 5)),
        ("a: \x01", "no YAML", Place(1, 1)),
    ],
)
def test_what_can_not_be_read_is_told_with_its_place(text: str, problem: str, place: Place) -> None:
    found = refusal(text)
    assert problem in found.problem
    assert found.place == place


def test_an_alias_stands_for_what_it_names() -> None:
    assert value("a: &x {k: 1}\nb: *x") == {"a": {"k": 1}, "b": {"k": 1}}


def test_aliases_of_aliases_do_not_grow_without_bound() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "aliases counted" in refusal("\n".join(lines)).problem


@pytest.mark.parametrize("opening", ["[", '{"a":', "- "])
def test_deep_nesting_is_refused_however_deep(opening: str) -> None:
    assert refusal(opening * 50_000).problem
    assert "levels deep" in refusal(opening * (MAX_DEPTH + 2) + "1").problem


@given(OBJECTS)
def test_what_is_dumped_is_read_back(given_value: dict[str, Any]) -> None:
    assert value(dump([given_value])) == given_value


@given(OBJECTS)
def test_json_is_read_as_what_it_is(given_value: dict[str, Any]) -> None:
    text = json.dumps(given_value, ensure_ascii=False)
    if all(c.isprintable() for c in text):
        assert value(text) == given_value
