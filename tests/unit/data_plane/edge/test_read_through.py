"""Prompts and resources read through by REST: which upstream is asked for what, and the answer."""

import pytest

from mcpgateway.common import jsonrpc
from support.endpoint import Endpoint, answer_of
from support.registries import prompt, resource, upstream

ID = "0123456789abcdef0123456789abcdef"
PLAIN = (
    upstream("u1"),
    prompt(),
    resource("r1", uri="memo://motto"),
    resource("r2", uri="memo://notes/{id}", template=True),
    resource(ID, uri="memo://twin"),
)
TEXT = b'{"uri":"memo://motto","mimeType":"text/plain","text":"less","_meta":{}}'


def contents(*each: bytes) -> bytes:
    return jsonrpc.response(1, b'{"contents":[%b]}' % b",".join(each))


@pytest.mark.parametrize("name", ["p1", "u1-p1"])
def test_a_prompt_is_got_by_id_or_name_with_the_body_as_its_arguments(name: str) -> None:
    endpoint = Endpoint(PLAIN)
    exchange = endpoint.plain("POST", f"/prompts/{name}", {"who": "Ann"})
    sent = endpoint.upstreams.last
    assert sent.request.method == "prompts/get"
    assert sent.params == {"name": b'"p1"', "arguments": b'{"who":"Ann"}'}
    sent.sink.answer(jsonrpc.response(1, b'{"messages":[]}'))
    assert answer_of(exchange) == {"messages": [], "description": None}


def test_a_prompt_without_a_body_has_no_arguments_and_keeps_its_description() -> None:
    endpoint = Endpoint(PLAIN)
    exchange = endpoint.plain("POST", "/prompts/p1")
    assert endpoint.upstreams.last.params["arguments"] == b"{}"
    endpoint.upstreams.last.sink.answer(
        jsonrpc.response(1, b'{"messages":[],"description":"Greets"}')
    )
    assert answer_of(exchange)["description"] == "Greets"


@pytest.mark.parametrize("body", [b"[]", b"7", b"{", b"\xff", b'{"a":'])
def test_arguments_that_are_no_object_are_refused(body: bytes) -> None:
    endpoint = Endpoint(PLAIN)
    exchange = endpoint.plain("POST", "/prompts/p1", body)
    assert (exchange.status, answer_of(exchange)["code"]) == (400, "invalid_call")
    assert endpoint.upstreams.calls == []


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("r1", b'"memo://motto"'),
        ("memo:%2F%2Fmotto", b'"memo://motto"'),
        ("memo:%2F%2Fnotes%2F7", b'"memo://notes/7"'),
        ("01234567-89ab-cdef-0123-456789abcdef", b'"memo://twin"'),
    ],
)
def test_a_resource_is_read_by_id_or_uri(name: str, uri: bytes) -> None:
    endpoint = Endpoint(PLAIN)
    endpoint.plain("GET", f"/resources/{name}")
    assert endpoint.upstreams.last.request.method == "resources/read"
    assert endpoint.upstreams.last.params == {"uri": uri}


def test_the_first_content_of_a_resource_is_the_answer() -> None:
    endpoint = Endpoint(PLAIN)
    exchange = endpoint.plain("GET", "/resources/r1")
    endpoint.upstreams.last.sink.answer(contents(TEXT, b'{"uri":"memo://other"}'))
    assert answer_of(exchange) == {
        "type": "resource",
        "id": "r1",
        "uri": "memo://motto",
        "mimeType": "text/plain",
        "text": "less",
    }


def test_binary_content_is_a_blob() -> None:
    endpoint = Endpoint(PLAIN)
    exchange = endpoint.plain("GET", "/resources/r1")
    endpoint.upstreams.last.sink.answer(contents(b'{"uri":"memo://motto","blob":"iVBO"}'))
    assert answer_of(exchange)["blob"] == "iVBO"
    assert answer_of(exchange)["mimeType"] is None


@pytest.mark.parametrize("result", [b"{}", b'{"contents":[]}', b'{"contents":7}'])
def test_an_answer_without_contents_is_the_upstreams_fault(result: bytes) -> None:
    endpoint = Endpoint(PLAIN)
    exchange = endpoint.plain("GET", "/resources/r1")
    endpoint.upstreams.last.sink.answer(jsonrpc.response(1, result))
    assert (exchange.status, answer_of(exchange)["code"]) == (502, "upstream_rejected")


def test_two_upstreams_with_one_uri_are_told_apart_by_id_only() -> None:
    endpoint = Endpoint(
        [
            upstream("u1"),
            upstream("u2"),
            resource("r1", "u1", uri="memo://motto"),
            resource("r2", "u2", uri="memo://motto"),
        ]
    )
    exchange = endpoint.plain("GET", "/resources/memo:%2F%2Fmotto")
    assert exchange.status == 409
    assert "r1, r2" in answer_of(exchange)["message"]
    for id, asked in (("r1", "u1"), ("r2", "u2")):
        endpoint.plain("GET", f"/resources/{id}")
        assert endpoint.upstreams.last.request.upstream.id == asked


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/prompts/nope"), ("GET", "/resources/nope")]
)
def test_what_is_not_there_is_404_and_named(method: str, path: str) -> None:
    exchange = Endpoint(PLAIN).plain(method, path)
    assert exchange.status == 404
    assert "'nope'" in answer_of(exchange)["message"]


@pytest.mark.parametrize(("method", "path"), [("POST", "/prompts/p1"), ("GET", "/resources/r1")])
def test_strangers_learn_nothing(method: str, path: str) -> None:
    endpoint = Endpoint(PLAIN)
    there = endpoint.plain(method, path, authorization="")
    missing = endpoint.plain(method, path + "x", authorization="")
    assert (there.status, there.answer) == (401, missing.answer)
