"""What differs between two states: applying the differences to the one gives the other."""

from copy import deepcopy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from mcpgateway.control_plane.registry.history.diff import (
    Difference,
    differences,
    of_change,
)
from mcpgateway.control_plane.registry.history.model import GONE, Change

_scalars = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "a/b", "~"])
documents = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b/c", "~1", ""]), inner, max_size=3)
    ),
    max_leaves=12,
)


def patched(document: Any, differences: list[Difference]) -> Any:
    """RFC 6901 pointers followed; what is UNSET is taken away."""
    root = {"": deepcopy(document)}
    for each in differences:
        where: Any = root
        path = ["", *each.path.split("/")[1:]]
        names = [name.replace("~1", "/").replace("~0", "~") for name in path]
        for name in names[:-1]:
            where = where[int(name)] if isinstance(where, list) else where[name]
        last: Any = int(names[-1]) if isinstance(where, list) else names[-1]
        if each.after is UNSET:
            del where[last]
        else:
            where[last] = each.after
    return root[""]


@given(documents, documents)
def test_the_differences_lead_from_one_to_the_other_and_back(before: Any, after: Any) -> None:
    there = list(differences(before, after))
    encoded = msgspec.json.encode(after, order="sorted")
    assert msgspec.json.encode(patched(before, there), order="sorted") == encoded
    back = [Difference(each.path, each.after, each.before) for each in there]
    assert msgspec.json.encode(patched(after, back), order="sorted") == msgspec.json.encode(
        before, order="sorted"
    )


@given(documents)
def test_nothing_differs_from_itself(document: Any) -> None:
    assert list(differences(document, deepcopy(document))) == []


@pytest.mark.parametrize(
    ("before", "after", "paths"),
    [
        ({"a": True}, {"a": 1}, ["/a"]),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["/a"]),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {"b": 3}]}, ["/a/1/b"]),
        ({"a": [{"b": 1}]}, {"a": []}, ["/a"]),
    ],
)
def test_arrays_of_objects_are_compared_by_place_and_others_whole(
    before: Any, after: Any, paths: list[str]
) -> None:
    assert [each.path for each in differences(before, after)] == paths


def raw(**members: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(members))


def test_documents_kept_as_text_are_compared_inside_and_stamps_are_not() -> None:
    before = raw(version=1, definition='{"inputSchema":{"type":"object","properties":{"a":{}}}}')
    after = raw(version=2, definition='{ "inputSchema": {"type":"object","properties":{}}}')
    [found] = of_change(Change("tool", "t", before, after))
    assert found == Difference("/definition/inputSchema/properties/a", {}, UNSET)


def test_text_that_is_no_document_is_compared_as_text() -> None:
    [found] = of_change(Change("tool", "t", raw(definition="{"), raw(definition="[")))
    assert found == Difference("/definition", "{", "[")


def test_what_came_or_went_differs_as_a_whole() -> None:
    made = of_change(Change("tool", "t", GONE, raw(name="x", version=1)))
    gone = of_change(Change("tool", "t", raw(name="x", version=1), GONE))
    assert (made, gone) == (
        [Difference("", UNSET, {"name": "x"})],
        [Difference("", {"name": "x"}, UNSET)],
    )
    assert of_change(Change("tool", "t", GONE, GONE)) == []
    assert msgspec.json.encode(made) == b'[{"path":"","after":{"name":"x"}}]'
