"""Documents as plain values: JSON and YAML alike, and what is hostile refused in time."""

import json
from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.registry.openapi import text
from mcpgateway.control_plane.registry.openapi.text import BadDocument, parse

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20),
    lambda inside: (
        st.lists(inside, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=10), inside, max_size=4
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text("abc<$", min_size=1, max_size=5), PLAIN, max_size=5))
def test_json_and_yaml_of_the_same_values_are_the_same(value: dict[str, object]) -> None:
    value.pop("<<", None)
    as_json = parse(json.dumps(value).encode())
    as_yaml = parse(yaml.safe_dump(value, allow_unicode=True).encode()) if value else {}
    assert as_json == value
    assert as_yaml == value


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(document: bytes) -> None:
    with suppress(BadDocument):
        assert isinstance(parse(document), dict)


def test_tags_of_a_language_call_nothing() -> None:
    assert parse(b"a: !!python/object/apply:os.system [id]") == {"a": ["id"]}


def test_yaml_has_the_values_of_json_and_no_others() -> None:
    said = b"""
a: no
b: 2020-01-01
c: 1:30
d: true
e: 1.5
f: ~
g: "200"
200: h
i: 0x10
j: !!str 5
k: 1e400
"""
    assert parse(said) == {
        "a": "no",
        "b": "2020-01-01",
        "c": "1:30",
        "d": True,
        "e": 1.5,
        "f": None,
        "g": "200",
        "200": "h",
        "i": "0x10",
        "j": "5",
        "k": "1e400",
    }


def test_aliases_are_the_same_value_and_merges_give_way() -> None:
    said = b"a: &a {x: 1, y: 2}\nb: *a\nc: {<<: *a, y: 3}\nd: {<<: [*a, {z: 4}]}\n"
    found = parse(said)
    assert found["b"] is found["a"]
    assert found["c"] == {"x": 1, "y": 3}
    assert found["d"] == {"x": 1, "y": 2, "z": 4}


def laughs(levels: int) -> bytes:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for n in range(1, levels):
        lines.append(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]")
    return "\n".join(lines).encode()


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (laughs(30), "written out"),
        (b"a: &a {b: *a}", "holds itself, by the alias for line 1"),
        (b"a: !mine 5", "tag '!mine' at line 1"),
        (b"? [a]\n: b", "key that is no text"),
        (b"a: [", "no YAML"),
        (b"a: 1\n---\nb: 2", "no YAML"),
        (b"[" * 100_000, "no JSON|nested"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "nested"),
        (b"a: " + b"[" * 300 + b"]" * 300, "nested"),
        (b'{"a": NaN}', "no JSON"),
        (b"\xff\xfe{", "not UTF-8"),
        (b"", "must be an object"),
        (b"[]", "must be an object"),
    ],
)
def test_what_can_not_be_read_is_told_why(document: bytes, problem: str) -> None:
    with pytest.raises(BadDocument, match=problem):
        parse(document)


def test_a_document_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "MAX_BYTES", 10)
    with pytest.raises(BadDocument, match="11 bytes, 10 is the limit"):
        parse(b'{"a": 1234}')
