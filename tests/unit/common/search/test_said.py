"""A tool in a few words says what it is and what it takes, within limits, whatever it declares."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.routing.model import Tool
from mcpgateway.common.search.said import ARGUMENTS, DESCRIPTION, signature, summary

SCHEMA = {
    "type": "object",
    "properties": {
        "labels": {"type": "array", "items": {"type": "string"}},
        "state": {"enum": ["open", "closed"]},
        "owner": {"type": "string"},
        "since": {"type": ["string", "null"]},
        "any": {},
    },
    "required": ["owner"],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


def test_what_must_be_given_comes_first() -> None:
    assert signature(SCHEMA) == (
        'owner: string, labels?: string[], state?: "open"|"closed", since?: string, any?: any'
    )


def test_a_summary_has_the_name_that_it_is_offered_by() -> None:
    tool = Tool("t", "u", "own", "own", b'{"description":"Does\\n  this."}')
    assert summary("shown", tool) == {"name": "shown", "description": "Does this."}


def test_long_words_are_cut() -> None:
    many = {f"parameter{n}": {"enum": list(range(100))} for n in range(1000)}
    definition = {"description": "x" * 9_000, "inputSchema": {"properties": many}}
    said = summary("n", Tool("t", "u", "n", "n", msgspec.json.encode(definition)))
    assert len(said["description"]) <= DESCRIPTION
    assert said["description"].endswith("...")
    assert len(said["arguments"]) <= ARGUMENTS + 10
    assert said["arguments"].endswith("...")


@pytest.mark.parametrize("definition", [b"", b"[]", b"{", b'{"description":[]}'])
def test_what_can_not_be_read_says_nothing(definition: bytes) -> None:
    assert summary("n", Tool("t", "u", "n", "n", definition)) == {"name": "n"}


@given(JSON)
def test_no_schema_breaks_it(schema: object) -> None:
    assert isinstance(signature({"properties": {"a": schema}, "required": schema}), str)
    assert isinstance(signature(schema), str)
