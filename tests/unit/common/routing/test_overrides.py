"""Overrides of a definition: what they replace, remove and leave alone."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.overrides import effective

VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())
OBJECTS = st.dictionaries(st.text(), VALUES)


def test_without_overrides_the_definition_is_the_same_text() -> None:
    said = '{ "description" : "as the upstream wrote it" }'
    assert effective(said, "{}") is said
    assert effective(said, "") is said


def test_a_member_replaces_the_definitions_and_null_removes_it() -> None:
    said = '{"description":"theirs","title":"Theirs","inputSchema":{"type":"object"}}'
    joined = json.loads(effective(said, '{"description":"ours","title":null}'))
    assert joined == {"description": "ours", "inputSchema": {"type": "object"}}


def test_other_members_keep_their_bytes() -> None:
    assert effective('{"a":1.50,"b":1}', '{"b":2}') == '{"a":1.50,"b":2}'


@given(OBJECTS, OBJECTS)
def test_the_result_has_what_is_overridden_and_else_what_was_said(
    said: dict[str, object], over: dict[str, object]
) -> None:
    joined = json.loads(effective(json.dumps(said), json.dumps(over)))
    merged = said | over
    removed = {name for name, value in over.items() if value is None}
    assert joined == {name: value for name, value in merged.items() if name not in removed}


@pytest.mark.parametrize(("said", "over"), [("[]", '{"a":1}'), ("{}", "[1]"), ("{", '{"a":1}')])
def test_what_is_no_object_is_refused(said: str, over: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        effective(said, over)
