"""The semantic diff of tool definitions, and the digest that decides whether there is one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.control_plane.registry.definitions.definition_diff import (
    MAX_CHANGES,
    SEVERITIES,
    UNPINNED,
    Change,
    diff,
    digest,
    worst,
)

names = st.sampled_from(["a", "b", "title", "description", "type", "properties", "required"])
values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["string", "x y", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
definitions = st.dictionaries(
    st.sampled_from(
        ["description", "title", "inputSchema", "outputSchema", "annotations", "_meta", "x"]
    ),
    values,
)


def tool(**members: Any) -> str:
    return json.dumps(members)


def taking(properties: dict[str, Any], *required: str, **more: Any) -> str:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return tool(inputSchema=schema | more)


@given(definitions)
def test_a_definition_is_no_change_of_itself(definition: dict[str, Any]) -> None:
    assert diff(json.dumps(definition), json.dumps(definition)) == ()


@given(definitions, definitions)
def test_there_is_a_change_exactly_when_digests_differ(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    was, now = json.dumps(one), json.dumps(other)

    assert bool(diff(was, now)) is (digest(was) != digest(now))


@given(definitions)
def test_a_digest_does_not_depend_on_how_it_is_written(definition: dict[str, Any]) -> None:
    turned = dict(reversed(definition.items()))

    assert digest(json.dumps(definition)) == digest(json.dumps(turned, indent=2))


@given(definitions, definitions)
def test_the_worst_change_comes_first(one: dict[str, Any], other: dict[str, Any]) -> None:
    found = [SEVERITIES.index(each.severity) for each in diff(json.dumps(one), json.dumps(other))]

    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("member", sorted(UNPINNED))
def test_what_only_hosts_look_at_is_not_pinned(member: str) -> None:
    assert digest(tool(title="t")) == digest(tool(title="t", **{member: {"at": 12}}))


STRING = {"type": "string"}
CASES = [
    (taking({}), taking({"a": STRING}), "added, optional", "widens"),
    (taking({}), taking({"a": STRING}, "a"), "added, required", "breaks"),
    (taking({"a": STRING}), taking({}), "removed", "breaks"),
    (taking({"a": STRING}), taking({"a": STRING}, "a"), "required now", "breaks"),
    (taking({"a": STRING}, "a"), taking({"a": STRING}), "optional now", "widens"),
    (taking({"a": STRING}), taking({"a": {"type": "integer"}}), "changed", "breaks"),
    (taking({"a": STRING}), taking({"a": {"type": ["string", "null"]}}), "changed", "widens"),
    (taking({"a": {"enum": [1]}}), taking({"a": {"enum": [1, 2]}}), "changed", "widens"),
    (taking({"a": {"enum": [1, 2]}}), taking({"a": {"enum": [1]}}), "changed", "breaks"),
    (taking({"a": STRING}), taking({"a": STRING | {"default": "x"}}), "added", "behaviour"),
    (taking({"a": STRING}), taking({"a": STRING | {"maxLength": 3}}), "added", "behaviour"),
    (tool(), tool(outputSchema={"type": "object"}), "added", "widens"),
    (tool(outputSchema={"type": "object"}), tool(), "removed", "behaviour"),
    (
        tool(annotations={"readOnlyHint": True}),
        tool(annotations={"readOnlyHint": False}),
        "changed",
        "behaviour",
    ),
    (tool(description="a  b"), tool(description="a b"), "changed", "harmless"),
    (tool(title="a"), tool(title="b"), "changed", "behaviour"),
    (tool(), tool(execution={"taskSupport": "required"}), "added", "behaviour"),
]


@pytest.mark.parametrize(("was", "now", "what", "severity"), CASES)
def test_a_change_is_called_what_it_means_to_callers(
    was: str, now: str, what: str, severity: str
) -> None:
    [change] = diff(was, now)

    assert (change.what, change.severity) == (what, severity)


def test_a_change_deep_in_a_schema_is_told_with_its_path() -> None:
    def nested(kind: str) -> str:
        inner = {"type": "object", "properties": {"b": {"type": kind}}}
        return taking({"a": {"type": "array", "items": inner}})

    [change] = diff(nested("string"), nested("number"))

    assert change.at == "inputSchema.properties.a.items.properties.b.type"
    assert (change.was, change.now) == ("string", "number")


def test_what_an_answer_has_less_of_breaks_who_reads_it() -> None:
    def answering(properties: dict[str, Any]) -> str:
        return tool(outputSchema={"type": "object", "properties": properties})

    assert worst(diff(answering({"a": STRING}), answering({}))) == "breaks"
    assert worst(diff(answering({}), answering({"a": STRING}))) == "widens"


def test_a_reworded_description_names_the_words() -> None:
    [change] = diff(
        tool(description="Reads the file."), tool(description="Reads and sends the file.")
    )

    assert (change.added, change.removed) == (("and", "sends"), ())


def test_changes_are_bounded_and_the_rest_is_counted() -> None:
    many = {f"p{number}": STRING for number in range(300)}

    found = diff(taking({}), taking(many))

    assert len(found) == MAX_CHANGES + 1
    assert found[-1].what == "and 200 more changes"


@pytest.mark.parametrize("text", ["", "[]", "[" * 5000, '{"a":1e400}', '{"a":"\\ud800"}'])
def test_what_can_not_be_read_has_a_digest_too(text: str) -> None:
    assert len(digest(text)) == 64
    assert diff(text, text) == () or isinstance(diff(text, text)[0], Change)


def test_a_long_description_is_compared_in_time_and_shown_in_part() -> None:
    one, other = tool(description="word " * 50_000), tool(description="other " * 40_000)

    [change] = diff(one, other)

    assert change.was is not None
    assert len(change.was) < 600
    assert len(change.added) <= 100
