import json
from typing import Any

from mcpgateway.common import jsonrpc
from mcpgateway.wrapper.mirror import Mirror, revision

_VERSION = "2026-07-28"


def _frame(method: str, **params: Any) -> jsonrpc.Frame:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    return jsonrpc.decode_frame(json.dumps(body).encode())


def _call(name: str, arguments: Any) -> jsonrpc.Frame:
    return _frame("tools/call", name=name, arguments=arguments)


def _taught(schema: Any) -> Mirror:
    mirror = Mirror()
    mirror.learn(json.dumps({"tools": [{"name": "t", "inputSchema": schema}]}).encode())
    return mirror


def test_a_message_says_its_revision_in_meta_only() -> None:
    meta = {"io.modelcontextprotocol/protocolVersion": _VERSION}
    assert revision(_frame("tools/list", _meta=meta)) == _VERSION
    assert revision(_frame("initialize", protocolVersion=_VERSION)) == ""
    assert revision(_frame("tools/list", _meta=7)) == ""


def test_method_and_name_are_mirrored_and_encoded_where_they_must_be() -> None:
    found = dict(Mirror().headers(_call("grüezi", {}), _VERSION))
    assert found == {
        b"mcp-protocol-version": b"2026-07-28",
        b"mcp-method": b"tools/call",
        b"mcp-name": b"=?base64?Z3LDvGV6aQ==?=",
    }
    assert (
        dict(Mirror().headers(_frame("resources/read", uri="a://b"), _VERSION))[b"mcp-name"]
        == b"a://b"
    )
    assert b"mcp-name" not in dict(Mirror().headers(_frame("tools/list"), _VERSION))


def test_arguments_are_mirrored_as_the_listed_schema_asks() -> None:
    mirror = _taught(
        {
            "type": "object",
            "properties": {
                "region": {"type": "string", "x-mcp-header": "Region"},
                "deep": {"properties": {"n": {"type": "integer", "x-mcp-header": "N"}}},
            },
        }
    )
    found = dict(mirror.headers(_call("t", {"region": "eu", "deep": {"n": 42}}), _VERSION))
    assert (found[b"mcp-param-region"], found[b"mcp-param-n"]) == (b"eu", b"42")
    assert b"mcp-param-region" not in dict(mirror.headers(_call("t", {"region": None}), _VERSION))
    assert b"mcp-param-region" not in dict(mirror.headers(_call("u", {"region": "x"}), _VERSION))


def test_a_newer_list_replaces_what_was_learnt() -> None:
    mirror = _taught({"properties": {"a": {"type": "string", "x-mcp-header": "A"}}})
    mirror.learn(b'{"tools":[{"name":"t","inputSchema":{}}]}')
    assert b"mcp-param-a" not in dict(mirror.headers(_call("t", {"a": "x"}), _VERSION))


def test_a_malformed_list_teaches_nothing_and_hurts_nobody() -> None:
    mirror = Mirror()
    for result in (b"7", b'{"tools":7}', b'{"tools":[7,{"name":1},{"name":"t"}]}', b"{"):
        mirror.learn(result)
    assert len(mirror.headers(_call("t", {"a": 1}), _VERSION)) == 3
