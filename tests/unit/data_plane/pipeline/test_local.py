"""What is answered from the table, in both eras."""

import json
from typing import Any

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.revisions import META_SERVER_INFO
from support.buckets import own_states
from support.endpoint import Endpoint, answer_of
from support.registries import prompt, resource, server, tool, upstream

CAPABLE = upstream(capabilities=b'{"tools":{},"logging":{},"completions":{}}', instructions="Hi")
RECORDS = (
    CAPABLE,
    tool("t1", definition=b'{"inputSchema":{"type":"object"},"outputSchema":{"type":"array"}}'),
    prompt(),
    resource(),
    resource("r2", uri="memo://{id}", template=True),
    server("s1", description="A bundle.", tools=("t1",)),
)
CACHED = {"resultType": "complete", "ttlMs": 0, "cacheScope": "private"}


def result(endpoint: Endpoint, era: str, method: str, **params: Any) -> dict[str, Any]:
    send = endpoint.modern if era == "modern" else endpoint.legacy
    exchange = send(method, params, params.pop("server", ""))
    assert exchange.status == 200
    found: dict[str, Any] = answer_of(exchange)["result"]
    return found


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("2025-11-25", "2025-11-25"),
        ("2024-11-05", "2024-11-05"),
        ("2026-07-28", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ],
)
def test_initialize_agrees_on_a_legacy_revision(asked: str, answered: str) -> None:
    found = result(Endpoint(RECORDS), "legacy", "initialize", protocolVersion=asked, server="s1")
    assert found["protocolVersion"] == answered
    assert found["serverInfo"] == {"name": "mcpgateway", "version": "1.2.3"}
    assert found["instructions"] == "A bundle.\n\nHi"
    assert {"tools", "logging", "completions"} <= found["capabilities"].keys()


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"protocolVersion": 3},
        {"protocolVersion": "2025-11-25", "capabilities": []},
        {"protocolVersion": "2025-11-25", "clientInfo": "me"},
    ],
)
def test_a_malformed_initialize_says_which_member_is_wrong(params: dict[str, Any]) -> None:
    exchange = Endpoint().legacy("initialize", params)
    assert answer_of(exchange)["error"]["code"] == jsonrpc.INVALID_PARAMS
    assert b"mcp-session-id" not in exchange.sent_headers


def test_discover_names_modern_versions_and_what_is_offered() -> None:
    found = result(Endpoint(RECORDS), "modern", "server/discover")
    assert found["supportedVersions"] == ["2026-07-28"]
    assert found.items() >= CACHED.items()
    assert found["_meta"][META_SERVER_INFO]["name"] == "mcpgateway"
    assert found["instructions"] == "Hi"


@pytest.mark.parametrize(
    ("method", "member", "names"),
    [
        ("tools/list", "tools", ["u1-t1"]),
        ("prompts/list", "prompts", ["u1-p1"]),
        ("resources/list", "resources", ["file:///r1"]),
        ("resources/templates/list", "resourceTemplates", ["memo://{id}"]),
    ],
)
def test_lists_come_from_the_table_in_each_eras_shape(
    method: str, member: str, names: list[str]
) -> None:
    endpoint = Endpoint(RECORDS)
    modern, legacy = result(endpoint, "modern", method), result(endpoint, "legacy", method)
    key = {"resources": "uri", "resourceTemplates": "uriTemplate"}.get(member, "name")
    assert [item[key] for item in modern[member]] == names
    assert [item[key] for item in legacy[member]] == names
    assert modern.items() >= CACHED.items()
    assert legacy.keys() == {member}
    assert endpoint.upstreams.calls == []


def test_a_legacy_list_leaves_out_output_schemas_that_legacy_clients_choke_on() -> None:
    endpoint = Endpoint(RECORDS)
    assert "outputSchema" in result(endpoint, "modern", "tools/list")["tools"][0]
    assert "outputSchema" not in result(endpoint, "legacy", "tools/list")["tools"][0]


@pytest.mark.parametrize("cursor", ["", "abc", 7])
def test_a_cursor_that_was_never_given_is_refused(cursor: object) -> None:
    exchange = Endpoint(RECORDS).legacy("tools/list", {"cursor": cursor})
    assert answer_of(exchange)["error"]["code"] == jsonrpc.INVALID_PARAMS


def test_a_null_cursor_is_none() -> None:
    assert "tools" in result(Endpoint(RECORDS), "legacy", "tools/list", cursor=None)


def test_ping_is_answered_empty_keeping_the_ids_type() -> None:
    endpoint = Endpoint()
    for id in (7, "7"):
        assert answer_of(endpoint.legacy("ping", id=id)) == {
            "jsonrpc": "2.0",
            "id": id,
            "result": {},
        }


def test_a_log_level_is_taken_where_an_upstream_logs() -> None:
    endpoint = Endpoint(RECORDS)
    assert result(endpoint, "legacy", "logging/setLevel", level="warning") == {}
    wrong = answer_of(endpoint.legacy("logging/setLevel", {"level": "loud"}))
    assert wrong["error"]["code"] == jsonrpc.INVALID_PARAMS
    silent = answer_of(Endpoint().legacy("logging/setLevel", {"level": "info"}))
    assert silent["error"]["code"] == jsonrpc.METHOD_NOT_FOUND


async def test_a_log_level_is_kept_for_the_calls_of_its_session() -> None:
    endpoint = Endpoint(RECORDS, states=own_states())
    hello = endpoint.legacy("initialize", {"protocolVersion": "2025-11-25"})
    session = [(b"mcp-session-id", hello.sent_headers[b"mcp-session-id"])]
    kept = endpoint.legacy("logging/setLevel", {"level": "error"}, headers=session)
    await kept.finished()
    assert answer_of(kept)["result"] == {}
    for headers, level in ((session, "error"), ([], "")):
        endpoint.legacy("tools/call", {"name": "u1-t1"}, headers=headers)
        assert endpoint.upstreams.last.request.client.log_level == level


async def test_a_log_level_that_can_not_be_kept_is_refused() -> None:
    endpoint = Endpoint(RECORDS)  # without NATS
    hello = endpoint.legacy("initialize", {"protocolVersion": "2025-11-25"})
    session = [(b"mcp-session-id", hello.sent_headers[b"mcp-session-id"])]
    refused = endpoint.legacy("logging/setLevel", {"level": "error"}, headers=session)
    await refused.finished()
    assert "NATS" in answer_of(refused)["error"]["message"]


@pytest.mark.parametrize(("size", "refused"), [(8192, False), (8193, True)])
async def test_a_client_may_declare_so_much_and_is_told_when_it_is_more(
    size: int, refused: bool
) -> None:
    around = len(json.dumps({"experimental": {"x": ""}}, separators=(",", ":")))
    declared = {"experimental": {"x": "y" * (size - around)}}
    params = {"protocolVersion": "2025-11-25", "capabilities": declared, "clientInfo": {}}
    answer = answer_of(Endpoint().legacy("initialize", params))
    assert ("error" in answer) == refused
    if refused:
        assert answer["error"]["code"] == jsonrpc.INVALID_PARAMS
        assert "capabilities has 8193 bytes, at most 8192" in answer["error"]["message"]
