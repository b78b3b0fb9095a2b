"""Arguments that become headers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.shared.inbound import validate_mcp_param_headers

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
        ('{"deep":{"n":1.5}}', {"mcp-param-n": "1.5"}),  # for its upstream to refuse
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


FLOATS = st.floats(allow_nan=False, allow_infinity=False)  # JSON has no others
ARGUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "region": st.none() | st.text(max_size=4) | st.integers(),
        "deep": st.fixed_dictionaries(
            {},
            optional={"n": st.integers() | FLOATS, "b": st.booleans()},
        ),
    },
)
VALUES = st.sampled_from(["", "eu", "1", "1.0", "01", "true", "=?base64?ZXU=?=", "=?base64?!?="])


@given(ARGUMENTS)
def test_what_we_mirror_agrees_with_the_arguments(arguments: dict[str, Any]) -> None:
    body = json.dumps(arguments).encode()
    wanted = mirrored_params.wanted(TOOL)
    assert mirrored_params.mismatch(wanted, arguments, mirrored_params.lines(wanted, body)) is None


@given(ARGUMENTS, st.dictionaries(st.sampled_from(["Region", "N", "B"]), VALUES))
def test_headers_are_judged_as_the_official_sdk_judges_them(
    arguments: dict[str, Any], told: dict[str, str]
) -> None:
    headers = {f"Mcp-Param-{token}": value for token, value in told.items()}
    expected = validate_mcp_param_headers(json.loads(TOOL)["inputSchema"], arguments, headers)
    sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    found = mirrored_params.mismatch(mirrored_params.wanted(TOOL), arguments, sent)
    assert (found is None) == (expected is None), (found, expected)


@pytest.mark.parametrize(
    ("arguments", "headers", "problem"),
    [
        ('{"region":"eu"}', [], "is missing"),
        ('{"region":"eu"}', [("region", "us")], "differs"),
        ("{}", [("region", "us")], "differs"),
        ('{"region":null}', [("region", "")], "differs"),
        ('{"region":"eu"}', [("region", "eu"), ("region", "eu")], "more than once"),
        ('{"region":"eu"}', [("region", "=?base64?e?=")], "is not base64"),
        ('{"deep":{"n":42}}', [("n", "42.5")], "differs"),
        ('{"deep":{"b":true}}', [("b", "1")], "differs"),
    ],
)
def test_a_disagreement_names_header_and_argument(
    arguments: str, headers: list[tuple[str, str]], problem: str
) -> None:
    sent = [(b"mcp-param-" + token.encode(), value.encode()) for token, value in headers]
    read = mirrored_params.read(arguments.encode())
    found = mirrored_params.mismatch(mirrored_params.wanted(TOOL), read, sent)
    assert found is not None
    assert problem in found
    assert "Mcp-Param-" in found
    assert "params.arguments." in found


def test_a_number_may_be_told_with_a_fraction_of_zeros() -> None:
    sent = [(b"mcp-param-n", b"42.00")]
    wanted = mirrored_params.wanted(TOOL)
    assert mirrored_params.mismatch(wanted, {"deep": {"n": 42}}, sent) is None


def test_headers_that_no_schema_wants_are_nobodys_business() -> None:
    sent = [(b"mcp-param-else", b"x")]
    assert mirrored_params.mismatch((), {}, sent) is None
    assert mirrored_params.mismatch(mirrored_params.wanted(TOOL), {}, sent) is None


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (b'{"region":"us","region":"eu"}', "duplicate key 'region'"),
        (b'{"region":"eu","deep":{"x":1,"x":2}}', "duplicate key 'x'"),
        (b'{"deep":{"n":' + b"1" * 5000 + b"}}", "too long"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    ],
)
def test_what_can_be_read_in_two_ways_or_not_at_all_is_neither_compared_nor_mirrored(
    arguments: bytes, problem: str
) -> None:
    with pytest.raises(mirrored_params.Unreadable, match=problem):
        mirrored_params.read(arguments)
    assert mirrored_params.lines(mirrored_params.wanted(TOOL), arguments) == []
