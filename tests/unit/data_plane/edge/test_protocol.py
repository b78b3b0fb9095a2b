"""Single methods of MCP as REST: params in, a bare result or an error body out."""

from typing import Any

import pytest

from mcpgateway.common import jsonrpc
from support.endpoint import Endpoint, answer_of
from support.registries import prompt, upstream
from support.wait import until

INITIALIZE = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c"}}
COMPLETE = {"ref": {"type": "ref/prompt", "name": "u1-p1"}, "argument": {"name": "a", "value": ""}}
PLAIN = (upstream(), prompt())


@pytest.mark.parametrize("path", ["/protocol/initialize", "/v1/protocol/initialize", "/initialize"])
def test_a_handshake_has_a_bare_result_and_no_session(path: str) -> None:
    exchange = Endpoint(PLAIN).plain("POST", path, INITIALIZE)
    assert exchange.status == 200
    assert answer_of(exchange)["protocolVersion"] == "2025-11-25"
    assert b"mcp-session-id" not in exchange.sent_headers


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b"", {}),
        ({}, {}),
        (jsonrpc.request("a", "ping"), {"jsonrpc": "2.0", "id": "a", "result": {}}),
    ],
)
def test_a_ping_is_answered_as_it_was_sent(body: object, answer: Any) -> None:
    exchange = Endpoint(PLAIN).plain("POST", "/protocol/ping", body)
    assert (exchange.status, answer_of(exchange)) == (200, answer)


@pytest.mark.parametrize(
    "body", [jsonrpc.request(1, "tools/list"), jsonrpc.notification("ping"), {"jsonrpc": 2}]
)
def test_another_frame_is_no_ping(body: object) -> None:
    assert Endpoint(PLAIN).plain("POST", "/protocol/ping", body).status == 400


@pytest.mark.parametrize("path", ["/protocol/notifications", "/notifications"])
def test_a_notification_is_taken(path: str) -> None:
    taken = Endpoint(PLAIN).plain("POST", path, {"method": "notifications/initialized"})
    assert (taken.status, answer_of(taken)) == (200, {})
    for body in ({}, {"method": 7}, {"method": "tools/list"}):
        refused = Endpoint(PLAIN).plain("POST", path, body)
        assert refused.status == 400
        assert "method" in answer_of(refused)["message"]


def test_a_completion_comes_bare_from_the_upstream_of_its_prompt() -> None:
    endpoint = Endpoint(PLAIN)
    exchange = endpoint.plain("POST", "/protocol/completion/complete", COMPLETE)
    assert endpoint.upstreams.last.params["ref"] == b'{"type":"ref/prompt","name":"p1"}'
    endpoint.upstreams.last.sink.answer(jsonrpc.response(1, b'{"completion":{"values":["x"]}}'))
    assert answer_of(exchange) == {"completion": {"values": ["x"]}}


async def test_sampling_without_a_client_that_listens_says_what_a_client_must_do() -> None:
    exchange = Endpoint(PLAIN).plain("POST", "/protocol/sampling/createMessage", {"messages": []})
    await until(lambda: exchange.status == 404, "it is refused")
    assert "no client of yours that declared sampling" in answer_of(exchange)["message"]


def test_sampling_of_nothing_is_refused_at_once() -> None:
    exchange = Endpoint(PLAIN).plain("POST", "/protocol/sampling/createMessage", {})
    assert exchange.status == 400
    assert "messages must be an array" in answer_of(exchange)["message"]


def test_a_refusal_is_an_error_body_that_names_the_member_as_it_was_sent() -> None:
    exchange = Endpoint(PLAIN).plain("POST", "/protocol/initialize", {"capabilities": {}})
    body = answer_of(exchange)
    assert exchange.status == body["status"] == 400
    assert body.keys() >= {"type", "title", "code", "detail", "message"}
    assert body["message"].startswith("protocolVersion must be")


@pytest.mark.parametrize("path", ["/protocol/ping", "/protocol/sampling/createMessage"])
def test_strangers_are_asked_who_they_are(path: str) -> None:
    exchange = Endpoint(PLAIN).plain("POST", path, {}, authorization="")
    assert (exchange.status, answer_of(exchange)["code"]) == (401, "unauthenticated")
    assert b"error=" not in exchange.sent_headers[b"www-authenticate"]


def test_only_post_is_served() -> None:
    assert Endpoint(PLAIN).plain("GET", "/protocol/ping").status == 405
