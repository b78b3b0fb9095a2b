"""Bodies of POST and PUT /tools. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType

from mcpgateway.common import schema_check
from mcpgateway.common.errors import FieldProblem
from mcpgateway.common.result_filter import MAX_FILTER, filter_problem
from mcpgateway.control_plane.api.http.fields import Fields
from mcpgateway.control_plane.api.nouns.auth_input import read_nested_auth
from mcpgateway.control_plane.api.nouns.gateway_input import read_passthrough
from mcpgateway.control_plane.api.nouns.shared_input import (
    DESCRIPTION_LIMIT,
    OBJECT_LIMIT,
    access,
    json_object,
    overrides,
    said,
    tags,
    text_mapping,
    unwrapped,
)
from mcpgateway.control_plane.api.nouns.url_input import URL_LIMIT
from mcpgateway.control_plane.registry import rest
from mcpgateway.control_plane.registry.drafts import RestDraft, ToolDraft
from mcpgateway.control_plane.registry.model import Validation

NAME_LIMIT = 128  # MCP: 1 to 128 of these
_NAME = re.compile(r"[A-Za-z0-9_.-]*")
_TITLE = 255
_HEADER = 4096  # characters of a header's value
_CHAIN = 50  # plugins
_VALIDATIONS: tuple[Validation, ...] = ("none", "input", "output", "both")
_PLACE = ("url", "base_url", "path_template")
# Names of headers that carry credentials. Headers are shown in answers, history and exports.
_SECRET = re.compile(r"authorization|cookie|api-?key|token|secret|passw|credential", re.IGNORECASE)
_MADE_ELSEWHERE = {
    "MCP": "tools of MCP servers come from their gateway: register it with POST /gateways",
    "A2A": "register an agent with POST /a2a",
}


def read_tool(body: Mapping[str, Any], *, new: bool) -> ToolDraft:
    """Raises InvalidCall that names every problem."""
    fields = Fields(unwrapped(body, "tool"))
    if new:
        _refuse_upstreams(fields)
    draft = ToolDraft(
        name=_name(fields, new),
        custom_name=fields.text("custom_name", NAME_LIMIT),
        display_name=fields.text("display_name", _TITLE),
        members=said(read_members(fields)),
        overrides=overrides(fields, read_members),
        rest=_rest(fields),
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
    if new:
        _rules(fields, draft.rest)
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


def _refuse_upstreams(fields: Fields) -> None:
    kind = fields.choice("integration_type", ("REST", "MCP", "A2A"))
    if kind is not UNSET and kind in _MADE_ELSEWHERE:
        fields.problem("integration_type", f"must be REST: {_MADE_ELSEWHERE[kind]}", "enum")
    fields.unsupported("gateway_id", "a gateway's tools are found by its discovery")


def _name(fields: Fields, new: bool) -> str | UnsetType:
    name = fields.filled("name", NAME_LIMIT, required=new)
    if name is not UNSET and not _NAME.fullmatch(name):
        fields.problem("name", "must be made of letters, digits, '_', '-' and '.'", "name")
        return UNSET
    return name


def _rest(fields: Fields) -> RestDraft:
    return RestDraft(
        url=fields.text("url", URL_LIMIT),
        base_url=fields.text("base_url", URL_LIMIT),
        path_template=fields.text("path_template", URL_LIMIT),
        method=_method(fields),
        headers=_headers(fields),
        query_mapping=text_mapping(fields, "query_mapping", 255),
        header_mapping=text_mapping(fields, "header_mapping", 255),
        allowlist=fields.texts("allowlist", 100, 255),
        expose_passthrough=fields.boolean("expose_passthrough"),
        passthrough_headers=read_passthrough(fields),
    )


def _rules(fields: Fields, draft: RestDraft) -> None:
    """What is wrong with the operation as a whole, where its fields are not wrong by themselves."""
    place = {fields.spelled(name) for name in _PLACE}
    found = [each.field for each in fields.problems]
    wrong = {*found, *(field.partition(".")[0] for field in found)}
    for name, problem, rule in rest.problems(draft):
        member, dot, inside = name.partition(".")
        field = fields.spelled(member) + dot + inside
        if field not in wrong and not (field in place and wrong & place):
            fields.problems.append(FieldProblem(field, problem, rule))


def _method(fields: Fields) -> str | UnsetType:
    method = fields.text("request_type", 20)
    return method if method is UNSET else method.upper()


def _headers(fields: Fields) -> dict[str, str] | UnsetType:
    """They are shown in answers, so none may be a secret."""
    headers = text_mapping(fields, "headers", _HEADER)
    if headers is UNSET:
        return UNSET
    for name in headers:
        if _SECRET.search(name):
            problem = "is a credential, which headers show: use auth_type and its fields"
            fields.problem(f"headers.{name}", problem, "header")
    return headers


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
