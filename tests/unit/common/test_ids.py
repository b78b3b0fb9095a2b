"""Ids and names are what the API promises: 32 hex digits, and names that fit and stay apart."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common import ids


@given(st.binary(min_size=16, max_size=16))
def test_an_id_is_32_hex_digits_and_is_recognised_either_way(entropy: bytes) -> None:
    made = ids.make_id(entropy)
    dashed = f"{made[:8]}-{made[8:12]}-{made[12:16]}-{made[16:20]}-{made[20:]}"
    assert ids.is_id(made)
    assert ids.as_id(made) == ids.as_id(dashed) == ids.as_id(made.upper()) == made


@pytest.mark.parametrize("size", [0, 15, 17])
def test_an_id_wants_sixteen_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        ids.make_id(b"x" * size)


@pytest.mark.parametrize("text", ["", "x" * 32, "0" * 31, "0" * 33])
def test_what_is_no_id_is_none(text: str) -> None:
    assert ids.as_id(text) is None


@pytest.mark.parametrize(
    ("gateway", "tool", "name"),
    [
        ("fast_time", "add_numbers", "fast-time-add-numbers"),
        ("Fast Time", "getX", "fast-time-getx"),
        ("a", "--", "a-unnamed"),
        ("a", "工具", "a-unnamed"),
    ],
)
def test_a_tool_is_named_by_the_slugs_of_upstream_and_tool(
    gateway: str, tool: str, name: str
) -> None:
    assert ids.prefixed_name(ids.slug(gateway), tool) == name


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_name_is_never_empty_and_always_legal(gateway: str, tool: str) -> None:
    name = ids.prefixed_name(ids.slug(gateway) or "x", tool)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", name)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", ids.numbered(name, 123))


@given(st.text("ab", min_size=130, max_size=200), st.text("ab", min_size=130, max_size=200))
def test_long_names_that_differ_stay_different(one: str, other: str) -> None:
    assert (ids.shorten(one) == ids.shorten(other)) == (one == other)
