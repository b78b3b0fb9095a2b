"""One JSON-RPC message by plain HTTP: what is called, and that one JSON body answers it."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamTimeout
from support.endpoint import Endpoint, answer_of
from support.exchange import RecordingExchange
from support.registries import prompt, resource, server, tool, upstream

BUNDLE = "5" * 32
PLAIN = (
    upstream(),
    tool("t1"),
    tool("t2"),
    prompt(),
    resource(),
    server(BUNDLE, tools=("t2",)),
)
ANSWER = jsonrpc.response(7, b'{"content":[]}')


def ask(endpoint: Endpoint, method: str, params: Any = None) -> RecordingExchange:
    body = jsonrpc.request(7, method, msgspec.json.encode(params or {}))
    return endpoint.plain("POST", "/rpc", body)


def names(exchange: RecordingExchange) -> list[str]:
    return [each["name"] for each in answer_of(exchange)["result"]["tools"]]


def test_a_handshake_is_answered_without_a_session() -> None:
    params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c"}}
    exchange = ask(Endpoint(PLAIN), "initialize", params)
    assert answer_of(exchange)["result"]["serverInfo"]["name"] == "mcpgateway"
    assert b"mcp-session-id" not in exchange.sent_headers


@pytest.mark.parametrize("method", ["tools/list", "list_tools"])
def test_tools_are_listed_also_by_the_old_name_of_the_method(method: str) -> None:
    assert names(ask(Endpoint(PLAIN), method)) == ["u1-t1", "u1-t2"]


def test_a_server_id_picks_the_server_and_is_not_sent_on() -> None:
    endpoint = Endpoint(PLAIN)
    assert names(ask(endpoint, "tools/list", {"server_id": BUNDLE})) == ["u1-t2"]
    ask(endpoint, "tools/call", {"name": "u1-t2", "server_id": BUNDLE})
    assert endpoint.upstreams.last.params == {"name": b'"t2"'}
    elsewhere = ask(endpoint, "tools/call", {"name": "u1-t1", "server_id": BUNDLE})
    assert answer_of(elsewhere)["error"]["code"] == jsonrpc.INVALID_PARAMS


@pytest.mark.parametrize("server_id", ["nonsense", 7, BUNDLE[1:]])
def test_a_server_id_that_can_be_none_is_named(server_id: object) -> None:
    exchange = ask(Endpoint(PLAIN), "ping", {"server_id": server_id})
    assert exchange.status == 400
    assert answer_of(exchange)["id"] == 7
    assert "server_id" in answer_of(exchange)["error"]["message"]


def test_a_server_that_is_not_there_is_404() -> None:
    exchange = ask(Endpoint(PLAIN), "ping", {"server_id": "f" * 32})
    assert exchange.status == 404


def test_the_name_of_a_tool_is_a_method_with_the_arguments_as_params() -> None:
    endpoint = Endpoint(PLAIN)
    ask(endpoint, "u1-t1", {"a": 1, "_meta": {"x": 1}})
    assert endpoint.upstreams.last.request.method == "tools/call"
    assert endpoint.upstreams.last.params == {
        "name": b'"t1"',
        "arguments": b'{"a":1,"_meta":{"x":1}}',
    }


def test_a_method_of_mcp_is_never_a_tool_of_the_same_name() -> None:
    endpoint = Endpoint([upstream(), tool("t1", name="ping")])
    assert answer_of(ask(endpoint, "ping")) == {"jsonrpc": "2.0", "id": 7, "result": {}}
    assert endpoint.upstreams.calls == []


@pytest.mark.parametrize("method", ["server/discover", "list_gateways", "nonsense"])
def test_any_other_method_is_unknown(method: str) -> None:
    exchange = ask(Endpoint(PLAIN), method)
    assert (exchange.status, answer_of(exchange)["error"]["code"]) == (200, -32601)


def test_the_answer_is_json_whatever_came_before_it() -> None:
    endpoint = Endpoint(PLAIN)
    exchange = ask(endpoint, "tools/call", {"name": "u1-t1"})
    sink = endpoint.upstreams.last.sink
    sink.message(b'{"jsonrpc":"2.0","method":"notifications/progress"}')
    assert not exchange.started
    sink.answer(ANSWER)
    assert (exchange.status, exchange.answer) == (200, ANSWER)
    assert exchange.sent_headers == {b"content-type": b"application/json"}


def test_a_failing_upstream_is_a_json_rpc_error() -> None:
    endpoint = Endpoint(PLAIN)
    exchange = ask(endpoint, "tools/call", {"name": "u1-t1"})
    endpoint.upstreams.last.sink.failed(UpstreamTimeout("too slow"))
    assert (exchange.status, answer_of(exchange)["id"]) == (200, 7)
    assert answer_of(exchange)["error"]["code"] == jsonrpc.UPSTREAM_TIMED_OUT


def test_a_notification_is_taken_and_as_a_request_answered() -> None:
    endpoint = Endpoint(PLAIN)
    told = endpoint.plain("POST", "/rpc", jsonrpc.notification("notifications/initialized"))
    assert (told.status, told.answer) == (202, b"")
    asked = ask(endpoint, "notifications/initialized")
    assert answer_of(asked) == {"jsonrpc": "2.0", "id": 7, "result": {}}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", jsonrpc.PARSE_ERROR),
        (b"[]", jsonrpc.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1,"result":{}}', jsonrpc.INVALID_REQUEST),
        (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', jsonrpc.INVALID_REQUEST),
    ],
)
def test_what_is_no_request_is_refused(body: bytes, code: int) -> None:
    exchange = Endpoint(PLAIN).plain("POST", "/rpc", body)
    assert (exchange.status, answer_of(exchange)["error"]["code"]) == (400, code)


def test_who_calls_is_asked_first() -> None:
    endpoint = Endpoint(PLAIN)
    body = jsonrpc.request(7, "ping")
    for authorization in ("", "Bearer nonsense"):
        exchange = endpoint.plain("POST", "/rpc", body, authorization=authorization)
        assert exchange.status == 401
        assert exchange.sent_headers[b"www-authenticate"].startswith(b"Bearer")


def test_only_post_is_served() -> None:
    exchange = Endpoint(PLAIN).plain("GET", "/rpc")
    assert (exchange.status, exchange.sent_headers[b"allow"]) == (405, b"POST")
