"""A resource that can not be used is told so by field, and every other one is let through."""

import pytest

from mcpgateway.common.routing.check import access_of, key_of, problem
from mcpgateway.common.routing.model import Access, Credential, Key, Record, SigningKey
from support.registries import ADMIN, prompt, resource, server, tool, upstream

GOOD: list[Record] = [
    upstream(),
    tool(),
    prompt(),
    resource(),
    server(),
    ADMIN,
    Credential("c1", b""),
    SigningKey("k1", "HS256", b""),
    tool(access=Access("team", "red")),
    tool(access=Access("private", "", "ann")),
    tool(definition=b'{"deep":' + b"[" * 100 + b"]" * 100 + b"}"),
]


@pytest.mark.parametrize("record", GOOD, ids=lambda record: record.kind)
def test_what_is_usable_has_no_problem(record: Record) -> None:
    assert problem(record) is None


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (tool(""), "id must have 1 to 256 characters, has 0"),
        (tool("x" * 257), "id must have 1 to 256 characters, has 257"),
        (tool(name=""), "name must have 1 to 128 characters, has 0"),
        (prompt(name="x" * 129), "name must have 1 to 128 characters, has 129"),
        (tool(original_name=""), "original_name is missing"),
        (tool(definition=b"[]"), "definition is not a JSON object"),
        (tool(definition=b'{"a":1}}'), "definition is not a JSON object"),
        (tool(definition=b""), "definition is not a JSON object"),
        (tool(definition=b'{"a":' + b"[" * 100_000), "definition is not a JSON object"),
        (resource(uri=""), "uri must have 1 to 2048 characters, has 0"),
        (resource(definition=b"1"), "definition is not a JSON object"),
        (upstream(url="file:///etc/passwd"), "url must start with http:// or https://"),
        (upstream(transport="STDIO"), "transport must be one of STREAMABLEHTTP, SSE"),
        (upstream(era="future"), "era must be one of modern, legacy, is 'future'"),
        (upstream(capabilities=b"null"), "capabilities is not a JSON object"),
        (server(naming="both"), "naming must be one of prefixed, original, is 'both'"),
        (tool(access=Access("team")), "access.team is missing, and visibility is 'team'"),
        (server(access=Access("private")), "access.owner is missing"),
        (tool(access=Access("")), "access.visibility must be one of public, team, private"),  # type: ignore[arg-type]  # off a wire
        (SigningKey("k1", "", b""), "algorithm is missing"),
    ],
)
def test_what_is_not_usable_is_told_why(record: Record, expected: str) -> None:
    assert expected in str(problem(record))


def test_each_record_has_its_key_and_access_if_it_is_looked_at() -> None:
    assert [key_of(record) for record in GOOD[:2]] == [Key("upstream", "u1"), Key("tool", "t1")]
    assert access_of(tool()) == Access()
    assert access_of(ADMIN) is None
