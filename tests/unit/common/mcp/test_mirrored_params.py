"""Arguments that become headers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcpgateway.common.mcp import mirrored_params
from mcpgateway.common.mcp.headers import decode_value


def definition(**properties: Any) -> bytes:
    return json.dumps({"inputSchema": {"type": "object", "properties": properties}}).encode()


def marked(type: str, token: str) -> dict[str, str]:
    return {"type": type, "x-mcp-header": token}


TOOL = definition(
    region=marked("string", "Region"),
    deep={
        "type": "object",
        "properties": {"n": marked("integer", "N"), "b": marked("boolean", "B")},
    },
)


def lines(arguments: str) -> dict[str, str]:
    wanted = mirrored_params.wanted(TOOL)
    found = mirrored_params.lines(wanted, arguments.encode())
    return {name.decode(): value.decode() for name, value in found}


@pytest.mark.parametrize(
    ("arguments", "headers"),
    [
        ('{"region":"eu"}', {"mcp-param-region": "eu"}),
        ('{"deep":{"n":42.0,"b":false}}', {"mcp-param-n": "42", "mcp-param-b": "false"}),
        ('{"region":null,"deep":{"b":true}}', {"mcp-param-b": "true"}),
        ('{"region":{},"deep":[1]}', {}),
        ('{"deep":{"n":1.5}}', {}),
        ("[]", {}),
        ("not json", {}),
    ],
)
def test_arguments_become_headers_by_their_path(arguments: str, headers: dict[str, str]) -> None:
    assert lines(arguments) == headers


@given(st.text())
def test_any_text_survives_the_header(text: str) -> None:
    value = lines(json.dumps({"region": text}))["mcp-param-region"]
    assert decode_value(value) == text
    assert not set(value) & set("\r\n\0")


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b"not json",
        b'{"inputSchema":1,"x-mcp-header":1}',
        definition(a=marked("number", "A")),
    ],
)
def test_a_definition_that_wants_nothing_or_makes_no_sense_gives_no_header(text: bytes) -> None:
    assert mirrored_params.wanted(text) == ()
    assert mirrored_params.lines((), b'{"a":1}') == []
