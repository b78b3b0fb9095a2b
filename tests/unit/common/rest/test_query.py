"""Arguments as fields of a query, in each style of OpenAPI."""

from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.rest.query import Field, joined
from mcpgateway.common.routing.rest_request import COMPACT, STYLES
from mcpgateway.common.strict_json import Located

LIST = ["a b", 1, None]
OBJECT = {"R": 100, "G": "x y", "no": None}
_scalars = (
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"]))
)
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)


def one(value: Any, style: str = "", taken: frozenset[str] = frozenset()) -> str:
    problems: list[Located] = []
    text = joined([Field("arg", "c", value, style)], taken, problems)
    return "; ".join(map(str, problems)) or text


@pytest.mark.parametrize(
    ("style", "value", "expected"),
    [
        ("", LIST, "c=a%20b&c=1"),
        ("", OBJECT, "c=%7B%22R%22%3A100%2C%22G%22%3A%22x%20y%22%2C%22no%22%3Anull%7D"),
        ("", None, ""),
        ("", True, "c=true"),
        ("form", LIST, "c=a%20b&c=1"),
        ("form", OBJECT, "R=100&G=x%20y"),
        ("form,compact", LIST, "c=a%20b,1"),
        ("form,compact", OBJECT, "c=R,100,G,x%20y"),
        ("form,compact", "a,b", "c=a%2Cb"),
        ("form,compact", [], ""),
        ("spaceDelimited,compact", LIST, "c=a%20b%201"),
        ("pipeDelimited,compact", LIST, "c=a%20b%7C1"),
        ("pipeDelimited", LIST, "c=a%20b&c=1"),
        ("deepObject", OBJECT, "c%5BR%5D=100&c%5BG%5D=x%20y"),
        ("deepObject", {"a": {"b": [1, 2]}}, "c%5Ba%5D%5Bb%5D%5B0%5D=1&c%5Ba%5D%5Bb%5D%5B1%5D=2"),
        ("deepObject", 5, "c=5"),
    ],
)
def test_a_value_is_written_as_its_style_says(style: str, value: Any, expected: str) -> None:
    assert one(value, style) == expected


def test_no_field_is_called_as_one_that_is_taken_whatever_the_style() -> None:
    taken = frozenset(("c", "key", "c[a]"))
    assert "again" in one(1, taken=taken)
    assert "again" in one({"key": "stolen"}, "form", taken)
    assert "again" in one({"a": 1}, "deepObject", taken)


def test_half_a_character_is_told() -> None:
    assert one("\ud800") == "/arg: holds half a character, or is nested too deeply"
    assert one({"\ud800": 1}) == "/arg: holds half a character, or is nested too deeply"


def test_what_is_very_deep_is_json_in_the_end() -> None:
    value: Any = 1
    for _ in range(50):
        value = {"a": value}
    assert one(value, "deepObject").count("%5Ba%5D") == 8


@given(_values, st.sampled_from(["", *STYLES, *[style + COMPACT for style in STYLES[:3]]]))
def test_no_value_gets_out_of_its_field(value: Any, style: str) -> None:
    text = one({"k": value}, style)
    assert text.isascii()
    assert not set(text) & set(" #\r\n\x00\"'<>")
    keys = {key for key, _ in parse_qsl(text, keep_blank_values=True)}
    assert all(key == "c" or key.startswith("c[") or key == "k" for key in keys)
