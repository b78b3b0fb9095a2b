"""Tools of a server by plain REST: which upstream is asked for what, and each kind of answer."""

import json
from typing import Any

import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamTimeout
from mcpgateway.common.routing.model import Access, Record
from support.endpoint import Endpoint, answer_of, token
from support.exchange import RecordingExchange
from support.registries import BOB, USER_ROLE, server, tool, upstream

S, SEARCHED, OPEN = "0" * 32, "1" * 32, "2" * 32
TOOLS = ("t1", "t2", "t3")
WORLD: tuple[Record, ...] = (
    upstream("u1", era="modern"),
    tool("t1", definition=b'{"description":"Adds"}'),
    tool("t2", name="u1-a/b c"),
    tool("t3", access=Access("private", owner="carl@example.com")),
    server(S, tools=TOOLS),
    server(SEARCHED, tools=TOOLS, discovery="search"),
    server(OPEN, tools=TOOLS, anonymous_access=True),
    USER_ROLE,
    BOB,
)


def call(
    endpoint: Endpoint, name: str = "u1-t1", body: Any = b"", **more: Any
) -> RecordingExchange:
    at = more.pop("server", S)
    return endpoint.plain("POST", f"/servers/{at}/tools/{name}", body, **more)


def answered(result: bytes, **more: Any) -> RecordingExchange:
    endpoint = Endpoint(WORLD)
    exchange = call(endpoint, **more)
    endpoint.upstreams.last.sink.answer(jsonrpc.response(1, result))
    return exchange


def test_the_body_is_the_tools_arguments() -> None:
    endpoint = Endpoint(WORLD)
    call(endpoint, body={"a": 1})
    sent = endpoint.upstreams.last
    assert sent.request.method == "tools/call"
    assert sent.params == {"name": b'"t1"', "arguments": b'{"a":1}'}


def test_without_a_body_there_are_none() -> None:
    endpoint = Endpoint(WORLD)
    call(endpoint)
    assert endpoint.upstreams.last.params["arguments"] == b"{}"


def test_a_name_may_have_any_characters() -> None:
    endpoint = Endpoint(WORLD)
    call(endpoint, "u1-a%2Fb%20c")
    assert endpoint.upstreams.last.params["name"] == b'"t2"'


def test_the_answer_is_the_result_without_what_is_mcps() -> None:
    result = b'{"content":[{"type":"text","text":"3"}],"structuredContent":{"sum":3},"_meta":{}}'
    exchange = answered(result)
    assert exchange.status == 200
    assert exchange.sent_headers[b"content-type"] == b"application/json"
    assert answer_of(exchange) == {
        "content": [{"type": "text", "text": "3"}],
        "structuredContent": {"sum": 3},
    }


def test_an_answer_always_has_content() -> None:
    assert answer_of(answered(b"{}")) == {"content": []}


def test_a_tool_that_failed_is_a_problem_with_its_words() -> None:
    content = b'[{"type":"text","text":"no such book"},{"type":"text","text":"try 7"}]'
    exchange = answered(b'{"content":%b,"isError":true}' % content)
    assert exchange.status == 422
    assert exchange.sent_headers[b"content-type"] == b"application/problem+json"
    problem = answer_of(exchange)
    assert (problem["code"], problem["status"]) == ("tool_failed", 422)
    assert problem["detail"] == "no such book\ntry 7"
    assert problem["content"] == json.loads(content)


@pytest.mark.parametrize("content", [b"[]", b"7", b'[{"type":"image"}]', b'[{"text":7}]'])
def test_a_tool_that_failed_without_a_word_is_said_to_have(content: bytes) -> None:
    exchange = answered(b'{"content":%b,"isError":true}' % content)
    assert "did not say why" in answer_of(exchange)["detail"]


def test_an_upstream_that_fails_is_a_problem_of_its_kind() -> None:
    endpoint = Endpoint(WORLD)
    exchange = call(endpoint)
    endpoint.upstreams.last.sink.failed(UpstreamTimeout("no answer in 60 s"))
    assert (exchange.status, answer_of(exchange)["code"]) == (504, "upstream_timeout")


def test_an_error_of_the_upstream_is_a_problem() -> None:
    endpoint = Endpoint(WORLD)
    exchange = call(endpoint)
    endpoint.upstreams.last.sink.answer(jsonrpc.error(1, -32603, "broken"))
    assert (exchange.status, answer_of(exchange)["detail"]) == (502, "broken")


@pytest.mark.parametrize("name", ["nope", "u1-t3", "t1", "search_tools"])
def test_what_the_caller_is_not_offered_is_not_found(name: str) -> None:
    endpoint = Endpoint(WORLD)
    bobs = f"Bearer {token(BOB.id)}"
    exchange = call(endpoint, name, authorization=bobs)
    assert (exchange.status, answer_of(exchange)["code"]) == (404, "not_found")
    assert endpoint.upstreams.calls == []


@pytest.mark.parametrize("body", [b"[1]", b"7", b"{", b"\xff", b'{"a":'])
def test_arguments_that_are_no_object_are_refused(body: bytes) -> None:
    endpoint = Endpoint(WORLD)
    exchange = call(endpoint, body=body)
    assert (exchange.status, answer_of(exchange)["code"]) == (400, "invalid_call")
    assert endpoint.upstreams.calls == []


def test_strangers_are_turned_away_but_where_everybody_may_call() -> None:
    endpoint = Endpoint(WORLD)
    assert call(endpoint, authorization="").status == 401
    assert call(endpoint, server="f" * 32).status == 404
    call(endpoint, server=OPEN, authorization="")
    assert len(endpoint.upstreams.calls) == 1


def test_a_token_for_one_server_calls_there_and_nowhere_else() -> None:
    endpoint = Endpoint(WORLD)
    narrow = f"Bearer {token(server=S, scopes={'server_id': S})}"
    assert call(endpoint, server=OPEN, authorization=narrow).status == 404
    call(endpoint, authorization=narrow)
    assert len(endpoint.upstreams.calls) == 1


def test_a_token_that_may_not_call_tools_is_told_so() -> None:
    endpoint = Endpoint(WORLD)
    narrow = f"Bearer {token(scopes={'permissions': ['servers.use', 'resources.read']})}"
    exchange = call(endpoint, authorization=narrow)
    assert (exchange.status, answer_of(exchange)["code"]) == (403, "insufficient_scope")


def test_it_is_counted_and_told_of_as_a_call_of_the_tool() -> None:
    endpoint = Endpoint(WORLD)
    call(endpoint)
    told = endpoint.decisions.drain(0)
    assert [(each.kind, each.id, each.server, each.verdict) for each in told] == [
        ("tool", "t1", S, "allow")
    ]


async def test_of_a_searched_server_all_tools_and_ours_can_be_called() -> None:
    endpoint = Endpoint(WORLD)
    found = call(endpoint, "search_tools", {"query": "adds"}, server=SEARCHED)
    text = answer_of(found)["content"][0]["text"]
    assert [each["name"] for each in json.loads(text)["tools"]] == ["u1-t1"]
    call(endpoint, server=SEARCHED)
    through = {"name": "u1-t1", "arguments": {"a": 1}}
    call(endpoint, "call_tool", through, server=SEARCHED)
    assert [each.params["name"] for each in endpoint.upstreams.calls] == [b'"t1"', b'"t1"']
    wrong = call(endpoint, "search_tools", {"query": ""}, server=SEARCHED)
    assert (wrong.status, answer_of(wrong)["code"]) == (422, "tool_failed")


def document(endpoint: Endpoint, at: str = S, **more: Any) -> RecordingExchange:
    return endpoint.plain("GET", f"/servers/{at}/openapi.json", **more)


def test_the_document_describes_what_the_caller_may_call() -> None:
    endpoint = Endpoint(WORLD)
    mine = answer_of(document(endpoint))
    assert list(mine["paths"]) == ["/tools/u1-a%2Fb%20c", "/tools/u1-t1", "/tools/u1-t3"]
    assert mine["servers"] == [{"url": f"/servers/{S}"}]
    bobs = answer_of(document(endpoint, authorization=f"Bearer {token(BOB.id)}"))
    assert list(bobs["paths"]) == ["/tools/u1-a%2Fb%20c", "/tools/u1-t1"]


async def test_of_a_searched_server_it_describes_our_three_tools() -> None:
    found = answer_of(document(Endpoint(WORLD), SEARCHED))
    assert list(found["paths"]) == [
        "/tools/call_tool",
        "/tools/describe_tool",
        "/tools/search_tools",
    ]


def test_a_document_is_for_who_may_call() -> None:
    endpoint = Endpoint(WORLD)
    assert document(endpoint, authorization="").status == 401
    assert document(endpoint, "f" * 32).status == 404
    assert document(endpoint, OPEN, authorization="").status == 200
    assert endpoint.plain("POST", f"/servers/{S}/openapi.json").status == 405
