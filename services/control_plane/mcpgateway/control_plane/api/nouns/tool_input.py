"""Bodies of POST and PUT /tools. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from mcpgateway.common import schema_check
from mcpgateway.common.result_filter import MAX_FILTER, filter_problem
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.auth_input import read_nested_auth
from mcpgateway.control_plane.api.nouns.recipe_input import KINDS, read_recipe
from mcpgateway.control_plane.api.nouns.rest_input import (
    check_rest,
    read_request_overrides,
    read_rest,
)
from mcpgateway.control_plane.api.nouns.shared_input import (
    DESCRIPTION_LIMIT,
    OBJECT_LIMIT,
    access,
    json_object,
    overrides,
    said,
    tags,
    unwrapped,
)
from mcpgateway.control_plane.registry.drafts import ToolDraft
from mcpgateway.control_plane.registry.model import Validation

NAME_LIMIT = 128  # MCP: 1 to 128 of these
_NAME = re.compile(r"[A-Za-z0-9_.-]*")
_TITLE = 255
_CHAIN = 50  # plugins
_VALIDATIONS: tuple[Validation, ...] = ("none", "input", "output", "both")
_MADE_ELSEWHERE = {
    "MCP": "tools of MCP servers come from their gateway: register it with POST /gateways",
    "A2A": "register an agent with POST /a2a",
}


def read_tool(body: Mapping[str, Any], *, new: bool) -> ToolDraft:
    """Raises InvalidCall that names every problem."""
    fields = Fields(unwrapped(body, "tool"))
    kind = _kind(fields) if new else UNSET
    recipe = read_recipe(fields, kind)
    draft = ToolDraft(
        name=_name(fields, new),
        custom_name=fields.text("custom_name", NAME_LIMIT),
        display_name=fields.text("display_name", _TITLE),
        members=said(read_members(fields)),
        overrides=overrides(fields, read_members),
        rest=read_rest(fields),
        request_overrides=read_request_overrides(fields),
        recipe=recipe,
        auth=read_nested_auth(fields, new),
        jsonpath_filter=_filter(fields),
        timeout_ms=fields.integer("timeout_ms", 0, 3_600_000),
        max_concurrency=fields.integer("max_concurrency", 0, 100_000),
        validation=fields.choice("validation", _VALIDATIONS),
        deprecated=fields.boolean("deprecated"),
        extension_metadata=json_object(fields, "extension_metadata"),
        plugin_chain_pre=fields.texts("plugin_chain_pre", _CHAIN, 255),
        plugin_chain_post=fields.texts("plugin_chain_post", _CHAIN, 255),
        tags=tags(fields),
        **access(fields),
    )
    if new and recipe is UNSET and kind not in KINDS:
        check_rest(fields, draft.rest)
    fields.check()
    return draft


def read_members(fields: Fields) -> Mapping[str, object]:
    """Of a tool's definition, by MCP's names."""
    return {
        "title": fields.text("title", _TITLE),
        "description": fields.text("description", DESCRIPTION_LIMIT),
        "inputSchema": _schema(fields, "input_schema"),
        "outputSchema": _schema(fields, "output_schema"),
        "annotations": json_object(fields, "annotations"),
        "_meta": json_object(fields, "_meta"),
    }


def _kind(fields: Fields) -> str | UnsetType:
    """UNSET for what is wrong, too."""
    fields.unsupported("gateway_id", "a gateway's tools are found by its discovery")
    kind = fields.choice("integration_type", ("REST", *KINDS, "MCP", "A2A"))
    if kind is UNSET or kind not in _MADE_ELSEWHERE:
        return kind
    told = f"must be REST, DERIVED or COMPOSED: {_MADE_ELSEWHERE[kind]}"
    fields.problem("integration_type", told, "enum")
    return UNSET


def _name(fields: Fields, new: bool) -> str | UnsetType:
    name = fields.filled("name", NAME_LIMIT, required=new)
    if name is not UNSET and not _NAME.fullmatch(name):
        fields.problem("name", "must be made of letters, digits, '_', '-' and '.'", "name")
        return UNSET
    return name


def _schema(fields: Fields, name: str) -> dict[str, Any] | UnsetType:
    schema = json_object(fields, name, 4 * OBJECT_LIMIT)
    if schema is UNSET or not schema:
        return schema
    for problem in schema_check.problems(schema):
        fields.problem(name, f"is no JSON Schema: {problem}", "schema")
    if name == "input_schema" and schema.get("type", "object") != "object":
        fields.problem(name, 'must have "type": "object"', "schema")
    return schema


def _filter(fields: Fields) -> str | UnsetType:
    text = fields.text("jsonpath_filter", MAX_FILTER)
    problem = filter_problem(text) if text else None
    if problem:
        fields.problem("jsonpath_filter", problem, "filter")
    return text
