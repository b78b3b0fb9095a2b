"""Bodies of /tools: what is understood, what is refused, and that all of it is told at once."""

from typing import Any

import pytest
from msgspec import UNSET

from mcpgateway.common.errors import InvalidCall
from mcpgateway.control_plane.api.nouns.tool_input import read_tool
from mcpgateway.control_plane.registry.drafts import NewAuth, RestDraft, ToolDraft

GOOD = {"name": "get_x", "url": "https://a.example/x"}


def read(new: bool = True, **members: Any) -> ToolDraft:
    return read_tool(GOOD | members, new=new)


def refused(**members: Any) -> list[tuple[str, str]]:
    """Fields and rules."""
    with pytest.raises(InvalidCall) as error:
        read(**members)
    return [(problem.field, problem.rule) for problem in error.value.errors]


def test_a_name_and_a_url_are_enough_and_the_rest_is_unsaid() -> None:
    assert read() == ToolDraft(name="get_x", rest=RestDraft(url="https://a.example/x"))


def test_a_wrapped_body_means_the_same() -> None:
    assert read_tool({"tool": GOOD}, new=True) == read()


def test_both_spellings_mean_the_same() -> None:
    schema = {"type": "object"}
    draft = read(input_schema=schema, timeout_ms=5, request_type="get")
    assert draft == read(inputSchema=schema, timeoutMs=5, requestType="GET")
    assert (draft.rest.method, draft.timeout_ms) == ("GET", 5)
    assert draft.members == {"inputSchema": schema}


@pytest.mark.parametrize(
    ("members", "field", "rule"),
    [
        ({"name": None}, "name", "missing"),
        ({"name": " "}, "name", "string"),
        ({"name": "get x"}, "name", "name"),
        ({"name": "x" * 129}, "name", "string"),
        ({"integration_type": "MCP"}, "integration_type", "enum"),
        ({"integration_type": "A2A"}, "integration_type", "enum"),
        ({"gatewayId": "0" * 32}, "gatewayId", "unsupported"),
        ({"input_schema": {"type": "wrong"}}, "input_schema", "schema"),
        ({"inputSchema": {"type": "array"}}, "inputSchema", "schema"),
        ({"output_schema": []}, "output_schema", "object"),
        ({"input_schema": {"const": "x" * (256 * 1024)}}, "input_schema", "size"),
        ({"annotations": 1}, "annotations", "object"),
        ({"jsonpath_filter": "$[["}, "jsonpath_filter", "filter"),
        ({"timeoutMs": -1}, "timeoutMs", "integer"),
        ({"max_concurrency": "4"}, "max_concurrency", "integer"),
        ({"validation": "some"}, "validation", "enum"),
        ({"deprecated": "yes"}, "deprecated", "boolean"),
        ({"plugin_chain_pre": 1}, "plugin_chain_pre", "list"),
        ({"headers": {"Cookie": "a=b"}}, "headers.Cookie", "header"),
        ({"headers": {"X-Api-Key": "k"}}, "headers.X-Api-Key", "header"),
        ({"headers": {"PRIVATE-TOKEN": "k"}}, "headers.PRIVATE-TOKEN", "header"),
        ({"headers": {"X-A": 1}}, "headers.X-A", "string"),
        ({"passthrough_headers": ["Authorization"]}, "passthrough_headers", "header"),
        ({"overrides": {"title": 1}}, "overrides.title", "string"),
        ({"overrides": {"color": "red"}}, "overrides.color", "member"),
        ({"auth": {"authType": "bearer"}}, "auth.token", "missing"),
        ({"auth": "bearer"}, "auth", "object"),
        ({"url": 7}, "url", "string"),
        ({"url": None}, "url", "missing"),
        ({"url": None, "base_url": 7}, "base_url", "string"),
        ({"url": None, "pathTemplate": "/x"}, "base_url", "missing"),
        ({"base_url": "https://b.example"}, "url", "url"),
        ({"requestType": "SSE"}, "requestType", "enum"),
        ({"headerMapping": {"a": "Host"}}, "headerMapping.a", "not one of the connection's"),
    ],
)
def test_a_refusal_names_the_field_as_it_was_spelled(
    members: dict[str, Any], field: str, rule: str
) -> None:
    found = refused(**members)
    assert {name for name, _ in found} == {field}
    assert found[0][1].startswith(rule)


def test_all_that_is_wrong_is_told_at_once() -> None:
    found = refused(
        name="",
        url="ftp://x",
        requestType="SSE",
        input_schema={"type": "wrong"},
        timeout_ms=-1,
        headers={"Host": "a"},
        queryMapping={"a": "q", "b": "q"},
    )
    assert {name for name, _ in found} == {
        "name",
        "url",
        "requestType",
        "input_schema",
        "timeout_ms",
        "headers.Host",
        "queryMapping",
    }


@pytest.mark.parametrize(
    "members",
    [
        {"passthrough_headers": ["Authorization"]},
        {"headers": {"Authorization": "x"}},
        {"url": 7},
        {"url": 7, "requestType": "GET"},
    ],
)
def test_what_two_rules_find_is_told_once(members: dict[str, Any]) -> None:
    assert len(refused(**members)) == 1


def test_a_change_may_leave_out_everything_and_keeps_what_it_does_not_name() -> None:
    assert read_tool({}, new=False) == ToolDraft()
    assert read_tool({"integration_type": "MCP", "gateway_id": "1"}, new=False) == ToolDraft()


@pytest.mark.parametrize(
    "auth",
    [
        {"auth_type": "bearer", "token": "*****"},
        {"authType": "basic", "username": "u", "password": "*****"},
        {"auth_type": "authheaders", "auth_headers": [{"key": "X", "value": "*****"}]},
        {"authType": "authheaders", "authHeaderKey": "X", "authHeaderValue": "*****"},
    ],
)
def test_a_masked_secret_keeps_the_one_there_is_and_is_none_for_a_new_tool(
    auth: dict[str, Any],
) -> None:
    assert read(False, auth=auth).auth is UNSET
    assert [rule for _, rule in refused(auth=auth)] == ["masked"]


def test_credentials_are_read_in_an_object_and_beside_it() -> None:
    nested = read(auth={"auth_type": "bearer", "token": "t"})
    assert isinstance(nested.auth, NewAuth)
    assert nested.auth.headers == (("Authorization", "Bearer t"),)
    assert nested == read(authType="bearer", authToken="t")
    assert read(False, auth={"auth_type": "none"}).auth is None
