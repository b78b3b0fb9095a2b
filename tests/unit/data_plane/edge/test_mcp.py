"""The MCP endpoint: from a request to a call, or to the one precise refusal."""

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.session import LIFETIME
from mcpgateway.common.routing.model import Access
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.edge.mcp import ALLOW
from support.endpoint import (
    META,
    NOW,
    USER,
    Endpoint,
    answer_of,
    bearer,
    mirrored,
    signing_key,
    token,
)
from support.exchange import RecordingExchange
from support.registries import server, tool, upstream

INITIALIZE = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"roots": {}},
    "clientInfo": {"name": "c", "version": "1"},
}
LIST = jsonrpc.request(1, "tools/list")


def error_of(exchange: RecordingExchange) -> tuple[int, int, str]:
    error = answer_of(exchange)["error"]
    return exchange.status, error["code"], error["message"]


def session_header(endpoint: Endpoint, server: str = "") -> tuple[bytes, bytes]:
    exchange = endpoint.legacy("initialize", INITIALIZE, server)
    return (b"mcp-session-id", exchange.sent_headers[b"mcp-session-id"])


# Who calls, and where.


def test_without_credentials_the_answer_is_a_challenge() -> None:
    exchange = Endpoint().send(LIST, authorization="")
    assert exchange.status == 401
    assert exchange.sent_headers[b"www-authenticate"].startswith(b"Bearer")
    assert b"error=" not in exchange.sent_headers[b"www-authenticate"]


def test_a_wrong_token_is_told_apart_from_no_token() -> None:
    exchange = Endpoint().send(LIST, authorization="Bearer " + token(secret=b"x" * 32))
    assert exchange.status == 401
    assert b'error="invalid_token"' in exchange.sent_headers[b"www-authenticate"]
    assert "signature" in error_of(exchange)[2]


def test_an_unknown_server_is_404_and_named() -> None:
    status, _, message = error_of(Endpoint().send(LIST, "nowhere"))
    assert status == 404
    assert "nowhere" in message


def test_a_stranger_learns_nothing_of_which_servers_exist() -> None:
    endpoint = Endpoint([server("closed")])
    known = endpoint.send(LIST, "closed", authorization="")
    unknown = endpoint.send(LIST, "nowhere", authorization="")
    assert (known.status, known.answer) == (unknown.status, unknown.answer)


def test_a_server_with_anonymous_access_serves_strangers() -> None:
    endpoint = Endpoint([server("open", anonymous_access=True)])
    assert endpoint.send(LIST, "open", authorization="").status == 200


# What is sent.


@pytest.mark.parametrize("content_type", [b"text/plain", b"application/x-www-form-urlencoded"])
def test_a_body_that_is_not_declared_json_is_refused(content_type: bytes) -> None:
    endpoint = Endpoint()
    headers = [bearer(token()), (b"content-type", content_type)]
    exchange = RecordingExchange("POST", "/mcp", headers, LIST)
    endpoint.endpoint.handle(exchange, "")
    assert exchange.status == 415


def test_json_with_a_charset_is_json() -> None:
    endpoint = Endpoint()
    headers = [bearer(token()), (b"content-type", b"Application/JSON; charset=utf-8")]
    exchange = RecordingExchange("POST", "/mcp", headers, LIST)
    endpoint.endpoint.handle(exchange, "")
    assert exchange.status == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", jsonrpc.PARSE_ERROR),
        (b"", jsonrpc.PARSE_ERROR),
        (b"\xff\xfe", jsonrpc.PARSE_ERROR),
        (b"[]", jsonrpc.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', jsonrpc.INVALID_REQUEST),
        (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', jsonrpc.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', jsonrpc.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1}', jsonrpc.INVALID_REQUEST),
    ],
)
def test_a_body_that_is_no_json_rpc_message_is_400_with_the_right_code(
    body: bytes, code: int
) -> None:
    status, found, _ = error_of(Endpoint().send(body))
    assert (status, found) == (400, code)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS"])
def test_other_methods_are_405_and_the_answer_lists_what_is_there(method: str) -> None:
    exchange = Endpoint().send(b"", method=method)
    assert exchange.status == 405
    assert exchange.sent_headers[ALLOW[0]] == b"GET, POST, DELETE"


# The eras.


def test_an_unknown_method_is_an_error_answer_to_a_legacy_client() -> None:
    status, code, message = error_of(Endpoint().legacy("tools/frobnicate"))
    assert (status, code) == (200, jsonrpc.METHOD_NOT_FOUND)
    assert "tools/frobnicate" in message


@pytest.mark.parametrize("method", ["tools/frobnicate", "ping", "initialize", "logging/setLevel"])
def test_an_unknown_or_removed_method_is_404_to_a_modern_client(method: str) -> None:
    status, code, _ = error_of(Endpoint().modern(method))
    assert (status, code) == (404, jsonrpc.METHOD_NOT_FOUND)


def test_a_modern_request_is_held_against_its_headers() -> None:
    headers = mirrored("tools/call", {"name": "other"})
    body = jsonrpc.request("7", "tools/call", msgspec.json.encode({"name": "echo", "_meta": META}))
    exchange = Endpoint().send(body, headers=headers)
    assert error_of(exchange)[:2] == (400, jsonrpc.HEADER_MISMATCH)
    assert answer_of(exchange)["id"] == "7"


def test_a_routing_header_sent_twice_is_refused() -> None:
    again = (b"mcp-method", b"tools/list")
    status, code, _ = error_of(Endpoint().modern("tools/list", headers=[again]))
    assert (status, code) == (400, jsonrpc.HEADER_MISMATCH)


def test_an_unknown_version_header_is_400_with_the_supported_ones() -> None:
    exchange = Endpoint().legacy("tools/list", headers=[(b"mcp-protocol-version", b"1999-01-01")])
    assert error_of(exchange)[:2] == (400, jsonrpc.UNSUPPORTED_PROTOCOL_VERSION)
    assert "2026-07-28" in answer_of(exchange)["error"]["data"]["supported"]


def test_notifications_of_both_eras_are_taken_with_202() -> None:
    endpoint = Endpoint()
    body = jsonrpc.notification("notifications/initialized")
    assert endpoint.send(body).status == 202
    assert endpoint.send(body, headers=mirrored("x", {})).status == 202


def test_a_posted_response_is_taken_from_legacy_clients_only() -> None:
    endpoint = Endpoint()
    body = jsonrpc.response(1, b"{}")
    assert endpoint.send(body).status == 202
    assert endpoint.send(body, headers=mirrored("x", {})).status == 400


# Legacy sessions.


def test_a_session_is_served_by_any_replica_and_its_client_is_known_to_the_upstream() -> None:
    first, second = Endpoint([upstream(), tool()]), Endpoint([upstream(), tool()])
    second.legacy("tools/call", {"name": "u1-t1"}, headers=[session_header(first)])
    client = second.upstreams.last.request.client
    assert client.revision == "2025-11-25"
    assert client.session


def test_a_request_without_a_session_is_served_all_the_same() -> None:
    assert Endpoint().legacy("tools/list").status == 200


@pytest.mark.parametrize("text", [b"", b"made-up", b"A" * 2000])
def test_a_made_up_session_is_404(text: bytes) -> None:
    exchange = Endpoint().legacy("tools/list", headers=[(b"mcp-session-id", text)])
    assert exchange.status == 404


def test_a_session_of_another_server_or_another_caller_is_404() -> None:
    endpoint = Endpoint([server("s1"), server("s2")])
    header = session_header(endpoint, "s1")
    assert endpoint.legacy("ping", server="s1", headers=[header]).status == 200
    assert endpoint.legacy("ping", server="s2", headers=[header]).status == 404
    issuer = token(iss="mcpgateway", sub="other@example.com")
    exchange = endpoint.send(LIST, "s1", [header], authorization="Bearer " + issuer)
    assert exchange.status == 401


def test_a_session_ends_after_a_day_also_where_it_was_used_before() -> None:
    endpoint = Endpoint()
    header = session_header(endpoint)
    endpoint.clock.now = NOW + LIFETIME + 1
    fresh = "Bearer " + token(now=endpoint.clock.now)
    assert endpoint.send(LIST, headers=[header], authorization=fresh).status == 404


async def test_a_deleted_session_is_404_from_then_on_and_its_upstreams_hear_of_it() -> None:
    endpoint = Endpoint()
    header = session_header(endpoint)
    assert endpoint.send(b"", headers=[header], method="DELETE").status == 204
    assert endpoint.legacy("ping", headers=[header]).status == 404
    assert endpoint.send(b"", headers=[header], method="DELETE").status == 404
    assert len(endpoint.upstreams.ended) == 1


def test_delete_without_a_session_says_what_is_missing() -> None:
    exchange = Endpoint().send(b"", method="DELETE")
    assert exchange.status == 400
    assert "Mcp-Session-Id" in answer_of(exchange)["detail"]


def test_a_legacy_cancellation_reaches_the_call_of_its_session_only() -> None:
    endpoint = Endpoint([upstream(), tool()])
    mine, other = session_header(endpoint), session_header(endpoint)
    call = endpoint.legacy("tools/call", {"name": "u1-t1"}, headers=[mine], id=5)
    cancel = jsonrpc.notification("notifications/cancelled", b'{"requestId":5}')
    endpoint.send(cancel, headers=[other])
    assert not call.ended
    endpoint.send(cancel, headers=[mine])
    assert endpoint.upstreams.last.ticket.asked == ["cancel"]
    assert "cancelled" in answer_of(call)["error"]["message"]
    assert len(endpoint.inflight) == 0


# The pinned table.


def test_a_tool_that_is_not_for_the_caller_reads_like_one_that_is_not_there() -> None:
    hidden = tool("t2", access=Access("private", owner="bob@example.com"))
    ann = msgspec.structs.replace(USER, admin=False)
    endpoint = Endpoint()
    endpoint.put(ann, signing_key(), upstream(), hidden)
    status, code, message = error_of(endpoint.legacy("tools/call", {"name": "u1-t2"}))
    assert (status, code) == (200, jsonrpc.INVALID_PARAMS)
    assert message == "unknown tool 'u1-t2'"


def test_without_a_table_it_is_unavailable_and_not_unauthenticated() -> None:
    endpoint = Endpoint()
    endpoint.tables.swap(Table.empty(), None)
    exchange = endpoint.send(LIST)
    assert exchange.status == 503
    assert exchange.sent_headers[b"retry-after"]


# What a token leaves.


def scoped(scope: str, message: bytes) -> RecordingExchange:
    """A legacy message with a token of that scope."""
    endpoint = Endpoint([upstream("u1"), tool("t1", "u1")])
    return endpoint.send(message, authorization="Bearer " + token(scope=scope))


CALLED = jsonrpc.request(1, "tools/call", msgspec.Raw(b'{"name":"u1-t1","arguments":{}}'))


def test_a_token_whose_scope_is_too_small_is_told_which_would_do() -> None:
    exchange = scoped("mcp:prompts", CALLED)
    assert exchange.status == 403
    said = exchange.sent_headers[b"www-authenticate"].decode()
    assert 'error="insufficient_scope"' in said
    assert 'scope="mcp:tools"' in said


def test_a_token_for_other_protocols_is_for_no_mcp_endpoint() -> None:
    exchange = scoped("a2a", LIST)
    assert exchange.status == 403
    assert b'scope="mcp"' in exchange.sent_headers[b"www-authenticate"]


def test_a_list_shows_what_the_scope_leaves() -> None:
    exchange = scoped("mcp:prompts", LIST)
    assert exchange.status == 200
    assert answer_of(exchange)["result"]["tools"] == []
