"""Bodies of POST and PUT /prompts, and of POST /prompts/preview. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from mcpgateway.common.content import prompt_template
from mcpgateway.common.content.limits import LIMITS
from mcpgateway.common.errors import FieldProblem
from mcpgateway.control_plane.api.http.fields import Fields, text_problem
from mcpgateway.control_plane.api.nouns.shared_input import (
    DESCRIPTION_LIMIT,
    access,
    json_object,
    overrides,
    said,
    tags,
    unwrapped,
)
from mcpgateway.control_plane.registry import prompts
from mcpgateway.control_plane.registry.drafts import PromptDraft

NAME_LIMIT = 255
_TITLE = 255
_ARGUMENTS = 100
_ENUM = 1000  # values of one argument


def read_prompt(body: Mapping[str, Any], *, new: bool) -> PromptDraft:
    """Raises InvalidCall that names every problem."""
    fields = Fields(unwrapped(body, "prompt"))
    if new:
        fields.unsupported("gateway_id", "a gateway's prompts are found by its discovery")
    draft = PromptDraft(
        name=fields.filled("name", NAME_LIMIT, required=new),
        custom_name=fields.text("custom_name", NAME_LIMIT),
        display_name=fields.text("display_name", _TITLE),
        members=said(_members(fields)),
        overrides=overrides(fields, _members),
        template=_template(fields),
        messages=_messages(fields),
        tags=tags(fields),
        **access(fields),
    )
    wrong = {each.field.partition("[")[0] for each in fields.problems}
    if new and wrong.isdisjoint(("template", "messages")):
        fields.problems += prompts.problems(draft)
    fields.check()
    return draft


def _members(fields: Fields) -> Mapping[str, object]:
    """Of a prompt's definition, by MCP's names."""
    return {
        "title": fields.text("title", _TITLE),
        "description": fields.text("description", DESCRIPTION_LIMIT),
        "arguments": _arguments(fields),
        "_meta": json_object(fields, "_meta"),
    }


def _template(fields: Fields) -> str | UnsetType:
    """As it is: white space is text."""
    limit = LIMITS.template
    value = fields.raw("template", {"type": "string", "maxLength": limit})
    if value is UNSET:
        return UNSET
    problem = text_problem(value, limit)
    if problem:
        fields.problem("template", problem, "string")
        return UNSET
    return str(value)


def _messages(fields: Fields) -> str | UnsetType:
    """MCP prompt messages: text, image, audio, links to resources and embedded ones."""
    value = fields.raw("messages", {"type": "array", "items": {"type": "object"}})
    if value is UNSET:
        return UNSET
    text = msgspec.json.encode(value)
    problems = prompt_template.shape_problems(text) if value != [] else []
    for problem in problems:
        where, _, what = problem.partition(": ")
        fields.problem(where, what, "messages")
    return UNSET if problems else text.decode()


def _arguments(fields: Fields) -> list[dict[str, Any]] | UnsetType:
    value = fields.raw("arguments", {"type": "array", "maxItems": _ARGUMENTS})
    if isinstance(value, UnsetType):
        return UNSET
    if not isinstance(value, list) or len(value) > _ARGUMENTS:
        problem = f'must be a list of at most {_ARGUMENTS} {{"name", "description", "required"}}'
        fields.problem("arguments", problem, "list")
        return UNSET
    read = [_argument(fields, f"arguments[{index}]", each) for index, each in enumerate(value)]
    found = [each for each in read if each is not None]
    names = [each["name"] for each in found]
    if len(set(names)) < len(names):
        fields.problem("arguments", "has a name twice", "unique")
    return found


def _argument(fields: Fields, where: str, value: object) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        fields.problem(where, "must be an object", "object")
        return None
    inner = Fields(value)
    argument = {
        "name": inner.filled("name", NAME_LIMIT, required=True),
        "title": inner.text("title", _TITLE),
        "description": inner.text("description", DESCRIPTION_LIMIT),
        "required": inner.boolean("required"),
        "enum": inner.texts("enum", _ENUM, _TITLE),
    }
    fields.problems += [
        FieldProblem(f"{where}.{each.field}", each.problem, each.rule) for each in inner.problems
    ]
    return None if inner.problems else said(argument)
