"""`x-mcp-header` annotations, held against the official SDK as an oracle."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import find_invalid_x_mcp_header, x_mcp_header_map

from mcpgateway.common.mcp import param_headers
from mcpgateway.common.mcp.param_headers import ParamHeader, ParamHeaderError

TOKENS = st.sampled_from(["Region", "region", "Tenant", "", "a b", "x:y", 7, None])
TYPES = st.sampled_from(["string", "integer", "boolean", "number", "object", ["string"], None])
LEAVES = st.one_of(
    st.fixed_dictionaries({"type": TYPES}),
    st.fixed_dictionaries({"type": TYPES, "x-mcp-header": TOKENS}),
    st.fixed_dictionaries({"default": st.fixed_dictionaries({"x-mcp-header": TOKENS})}),
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    named = st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    return st.one_of(
        named.map(lambda sub: {"type": "object", "properties": sub}),
        inner.map(lambda sub: {"type": "array", "items": sub}),
        st.lists(inner, max_size=2).map(lambda subs: {"anyOf": subs}),
        named.map(lambda sub: {"$defs": sub}),
    )


SCHEMAS = st.recursive(LEAVES, nested, max_leaves=8)


@given(SCHEMAS)
def test_it_agrees_with_the_official_sdk(schema: dict[str, Any]) -> None:
    try:
        found = param_headers.declared(schema)
    except ParamHeaderError:
        assert find_invalid_x_mcp_header(schema) is not None
    else:
        assert find_invalid_x_mcp_header(schema) is None
        assert {header.path: header.token for header in found} == x_mcp_header_map(schema)


def test_a_nested_argument_is_found_by_its_path() -> None:
    inner = {"type": "object", "properties": {"city": {"type": "string", "x-mcp-header": "City"}}}
    schema = {"type": "object", "properties": {"where": inner}}
    assert param_headers.declared(schema) == (ParamHeader(("where", "city"), "City"),)


def test_the_refusal_names_the_property() -> None:
    schema = {"properties": {"n": {"type": "number", "x-mcp-header": "N"}}}
    with pytest.raises(ParamHeaderError, match="property 'n': x-mcp-header needs type string"):
        param_headers.declared(schema)
