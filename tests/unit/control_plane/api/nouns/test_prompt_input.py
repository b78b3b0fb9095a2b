"""Bodies of /prompts: what is understood, what is refused, and that all of it is told at once."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common.content.limits import LIMITS
from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.nouns.prompt_input import read_prompt
from mcpgateway.control_plane.registry.drafts import PromptDraft

GOOD = {"name": "greet", "template": "Hello {{ name }}!"}
MESSAGES = [{"role": "assistant", "content": {"type": "text", "text": "Hi {{ name }}"}}]


def read(new: bool = True, **members: Any) -> PromptDraft:
    return read_prompt(GOOD | members, new=new)


def refused(**members: Any) -> list[tuple[str, str]]:
    """Fields and rules."""
    with pytest.raises(InvalidCall) as error:
        read(**members)
    return [(problem.field, problem.rule) for problem in error.value.errors]


def test_a_name_and_a_template_are_enough_and_a_change_needs_neither() -> None:
    assert read() == PromptDraft(name="greet", template="Hello {{ name }}!")
    assert read_prompt({}, new=False) == PromptDraft()
    assert read_prompt({"gateway_id": "1"}, new=False) == PromptDraft()


def test_wrapped_bare_and_in_camel_case_mean_the_same() -> None:
    bare = read(custom_name="c", display_name="D")
    assert bare == read_prompt({"prompt": GOOD, "customName": "c", "displayName": "D"}, new=True)
    assert (bare.custom_name, bare.display_name) == ("c", "D")


def test_white_space_of_a_template_is_text() -> None:
    assert read(template="  a\n").template == "  a\n"


def test_messages_are_kept_as_json() -> None:
    draft = read(template=None, messages=MESSAGES)
    assert isinstance(draft.messages, str)
    assert msgspec.json.decode(draft.messages) == MESSAGES


def test_of_arguments_only_what_is_said_is_kept() -> None:
    said = [{"name": "name", "required": True, "enum": ["a", "b", "a"], "other": 1}]
    kept = [{"name": "name", "required": True, "enum": ("a", "b")}]
    assert read(arguments=said).members == {"arguments": kept}


@pytest.mark.parametrize(
    ("members", "field", "rule"),
    [
        ({"name": None}, "name", "missing"),
        ({"name": " "}, "name", "string"),
        ({"gatewayId": "0" * 32}, "gatewayId", "unsupported"),
        ({"template": None}, "template", "missing"),
        ({"template": ""}, "template", "missing"),
        ({"template": 5}, "template", "string"),
        ({"template": "a\x00"}, "template", "string"),
        ({"template": "x" * (LIMITS.template + 1)}, "template", "string"),
        ({"messages": MESSAGES}, "template", "template"),
        ({"messages": "Hi"}, "messages", "messages"),
        ({"template": None, "messages": []}, "template", "missing"),
        ({"messages": [{"role": "robot"}]}, "messages[0]", "messages"),
        ({"arguments": {}}, "arguments", "list"),
        ({"arguments": [{"name": f"a{n}"} for n in range(101)]}, "arguments", "list"),
        ({"arguments": ["name"]}, "arguments[0]", "object"),
        ({"arguments": [{"name": "a"}, {}]}, "arguments[1].name", "missing"),
        ({"arguments": [{"name": "a", "required": 1}]}, "arguments[0].required", "boolean"),
        ({"arguments": [{"name": "a", "enum": [1]}]}, "arguments[0].enum[0]", "string"),
        ({"arguments": [{"name": "a"}, {"name": "a"}]}, "arguments", "unique"),
        ({"displayName": 1}, "displayName", "string"),
        ({"description": "x" * 8193}, "description", "string"),
        ({"_meta": []}, "_meta", "object"),
        ({"overrides": {"color": "red"}}, "overrides.color", "member"),
        ({"overrides": {"arguments": 1}}, "overrides.arguments", "list"),
        ({"visibility": "team"}, "team_id", "missing"),
    ],
)
def test_a_refusal_names_the_field_as_it_was_spelled_and_once(
    members: dict[str, Any], field: str, rule: str
) -> None:
    assert refused(**members) == [(field, rule)]


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = refused(name="", template=None, arguments=[{}], tags=[1])
    assert {field for field, _ in found} == {"name", "template", "arguments[0].name", "tags[0]"}
