"""The part of JSONPath that recipes take."""

from typing import Any

import jsonpath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.recipes import paths
from mcpgateway.common.recipes.paths import Budget, PathError, TooMuch

names = st.text(max_size=4).filter(lambda text: text.isprintable())
documents = st.recursive(
    st.one_of(st.none(), st.integers(), st.text(max_size=3)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)


def quoted(name: str) -> str:
    return "['" + name.replace("\\", "\\\\").replace("'", "\\'") + "']"


segments = st.one_of(
    st.sampled_from(
        [".a", ".b_1", ".ä", ".*", "[*]", "[0]", "[-1]", "[2]", '["a"]', '["\\u0041"]']
    ),
    names.map(quoted),
)
texts = st.lists(segments, max_size=4).map(lambda found: "$" + "".join(found))


# The reference takes a text for a document in JSON.
@given(texts, documents.filter(lambda each: not isinstance(each, str)))
def test_a_path_finds_what_rfc_9535_says(text: str, document: Any) -> None:
    expected = jsonpath.JSONPathEnvironment(strict=True).findall(text, document)
    assert paths.find(paths.parse(text), document, Budget()) == expected


# The reference knows bare names up to U+FFFF, the standard all.
@given(st.text(st.characters(max_codepoint=0xFFFF), max_size=12).map(lambda text: "$" + text))
def test_what_is_taken_is_a_path_of_rfc_9535(text: str) -> None:
    try:
        paths.parse(text)
    except PathError:
        return
    jsonpath.JSONPathEnvironment(strict=True).compile(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "input",
        "$.",
        "$..a",
        "$[?@.a]",
        "$[1:2]",
        "$[0,1]",
        "$[01]",
        "$[-0]",
        "$['a",
        "$.a b",
        "$['\\d800']",
        '$["\\ud800"]',
        "$.1a",
        "$" + ".a" * 33,
        "$" + "[0]" * 400,
        "$[9007199254740992]",
        "$['a\\q']",
        "$['a\\\"b']",
        r"""$["a\'b"]""",
    ],
)
def test_what_is_no_such_path_is_refused_with_its_reason(text: str) -> None:
    with pytest.raises(PathError) as refused:
        paths.parse(text)
    assert str(refused.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("$['\\\\\"']", '\\"'),
        ("$['it\\'s']", "it's"),
        ('$["it\'s"]', "it's"),
        ('$["a\\"b"]', 'a"b'),
        ("$['a\"b']", 'a"b'),
        ("$['\\u00e4\\n']", "ä\n"),
    ],
)
def test_a_name_in_quotes_has_the_escapes_of_json_and_its_own(text: str, name: str) -> None:
    assert paths.parse(text).segments == (name,)


def test_a_path_says_whether_it_may_find_several_values() -> None:
    assert paths.parse("$.a[*].b").many
    assert not paths.parse("$.a[0].b").many


def test_what_is_found_is_bounded() -> None:
    document = [[1] * 100 for _ in range(100)]
    with pytest.raises(TooMuch):
        paths.find(paths.parse("$[*][*]"), document, Budget(values=5_000))


def test_no_filling_takes_more_than_its_bytes() -> None:
    budget = Budget(bytes=10)
    budget.take(10)
    with pytest.raises(TooMuch):
        budget.take(1)
