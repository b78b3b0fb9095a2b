"""Prompts and resources of the gateway's own, got, read and completed by every way in."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.revisions import META_SERVER_INFO
from mcpgateway.common.routing.model import Prompt, Record, Resource
from support.endpoint import Endpoint, answer_of
from support.exchange import RecordingExchange
from support.registries import prompt, resource, server, upstream
from support.wait import until

GREET = b'{"description":"Greets.","arguments":[{"name":"name","required":true},{"name":"tone"}]}'
ENDPOINT_OF = "5" * 32


def own_prompt(id: str = "greet", text: str = "Hello, {{ name }}!", **fields: Any) -> Prompt:
    content = {"type": "text", "text": text}
    messages = msgspec.json.encode([{"role": "user", "content": content}])
    given = {"name": id, "original_name": id, "definition": GREET, "messages": messages}
    return prompt(id, "", **{**given, **fields})


def own_resource(id: str, uri: str, content: Any, **fields: Any) -> Resource:
    return resource(id, "", uri=uri, content=msgspec.json.encode(content), **fields)


RECORDS: tuple[Record, ...] = (
    upstream(),
    prompt(),
    resource(),
    own_prompt(),
    own_prompt("shout", "{{ name|upper }}!"),
    own_prompt("broken", "{{ name.nothing.more }}"),
    own_resource("motto", "memo://motto.md", {"text": "Less, {{ but }} better."}, ttl_ms=5000),
    own_resource("dot", "memo://dot", {"blob": "iVBORw0KGgoAAAAN"}),
    own_resource("note", "memo://notes/{id}", {"text": "Note {{ id }}."}, template=True),
    own_resource("loud", "memo://loud/{id}", {"text": "{{ id|upper }}"}, template=True),
    server(ENDPOINT_OF, prompts=("greet",), resources=("motto", "note"), anonymous_access=True),
)
INFO = {"name": "mcpgateway", "version": "1.2.3"}
MODERN = {"resultType": "complete", "_meta": {META_SERVER_INFO: INFO}}
HELLO = [{"role": "user", "content": {"type": "text", "text": "Hello, Ann!"}}]


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    made = Endpoint(RECORDS)
    yield made
    await made.conversations.aclose()
    assert made.upstreams.calls == []


async def answered(exchange: RecordingExchange) -> Any:
    await until(lambda: bool(exchange.answer), "it is answered")
    return answer_of(exchange)


async def result(exchange: RecordingExchange) -> Any:
    return (await answered(exchange))["result"]


async def error(exchange: RecordingExchange) -> Any:
    return (await answered(exchange))["error"]


async def test_a_prompt_is_filled_and_answered_in_the_clients_era(endpoint: Endpoint) -> None:
    asked = {"name": "greet", "arguments": {"name": "Ann"}}
    legacy = endpoint.legacy("prompts/get", asked)
    assert answer_of(legacy)["result"] == {"description": "Greets.", "messages": HELLO}
    modern = endpoint.modern("prompts/get", asked)
    assert answer_of(modern)["result"] == {"description": "Greets.", "messages": HELLO, **MODERN}


async def test_what_needs_a_process_is_answered_when_it_is_rendered(endpoint: Endpoint) -> None:
    asked = {"name": "shout", "arguments": {"name": "Ann"}}
    for send in (endpoint.legacy, endpoint.modern):
        exchange = send("prompts/get", asked)
        assert not exchange.answer
        assert (await result(exchange))["messages"][0]["content"]["text"] == "ANN!"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "params.arguments lacks 'name', which the prompt requires"),
        ({"name": "A", "nmae": "B"}, "params.arguments has 'nmae', but the prompt takes"),
        ({"name": 7}, "params.arguments must be strings: 'name'"),
        ([], "params.arguments must be an object of strings"),
    ],
)
async def test_arguments_that_do_not_fit_are_named(
    endpoint: Endpoint, arguments: Any, said: str
) -> None:
    asked = {"name": "greet", "arguments": arguments}
    for exchange in (endpoint.legacy("prompts/get", asked), endpoint.modern("prompts/get", asked)):
        refusal = await error(exchange)
        assert refusal["code"] == jsonrpc.INVALID_PARAMS
        assert refusal["message"].startswith(said)


async def test_a_prompt_that_can_not_be_filled_says_why(endpoint: Endpoint) -> None:
    failed = await error(
        endpoint.legacy("prompts/get", {"name": "broken", "arguments": {"name": "A"}})
    )
    assert failed["code"] == jsonrpc.INTERNAL_ERROR
    assert failed["message"].startswith("prompt 'broken': template 1: ")
    assert "has no attribute 'nothing'" in failed["message"]


async def test_a_text_is_read_as_it_is_with_its_type_and_how_long_to_keep_it(
    endpoint: Endpoint,
) -> None:
    contents = [
        {"uri": "memo://motto.md", "mimeType": "text/markdown", "text": "Less, {{ but }} better."}
    ]
    asked = {"uri": "memo://motto.md"}
    legacy = endpoint.legacy("resources/read", asked)
    assert answer_of(legacy)["result"] == {"contents": contents}
    modern = endpoint.modern("resources/read", asked)
    kept = {"ttlMs": 5000, "cacheScope": "private"}
    assert answer_of(modern)["result"] == {"contents": contents, **kept, **MODERN}
    stranger = endpoint.modern("resources/read", asked, ENDPOINT_OF, authorization="")
    assert answer_of(stranger)["result"]["cacheScope"] == "public"


async def test_a_blob_is_read_as_a_blob(endpoint: Endpoint) -> None:
    read = endpoint.legacy("resources/read", {"uri": "memo://dot"})
    (contents,) = answer_of(read)["result"]["contents"]
    assert contents == {"uri": "memo://dot", "mimeType": "image/png", "blob": "iVBORw0KGgoAAAAN"}


@pytest.mark.parametrize(
    ("uri", "text"), [("memo://notes/a%20b", "Note a b."), ("memo://loud/ab", "AB")]
)
async def test_a_template_is_filled_with_what_its_uri_says(
    endpoint: Endpoint, uri: str, text: str
) -> None:
    (contents,) = (await result(endpoint.legacy("resources/read", {"uri": uri})))["contents"]
    assert contents == {"uri": uri, "mimeType": "text/plain", "text": text}


async def test_a_uri_that_only_looks_like_one_of_a_template_is_unknown() -> None:
    page = own_resource("page", "memo://p{?n}", {"text": "{{ n }}"}, template=True)
    endpoint = Endpoint((page,))
    for send, code in (
        (endpoint.legacy, jsonrpc.RESOURCE_NOT_FOUND),
        (endpoint.modern, jsonrpc.INVALID_PARAMS),
    ):
        exchange = send("resources/read", {"uri": "memo://p?other=1"})
        assert (await error(exchange))["code"] == code
    found = await result(endpoint.legacy("resources/read", {"uri": "memo://p?n=1"}))
    assert found["contents"][0]["text"] == "1"


async def test_what_has_an_upstream_goes_on_to_it() -> None:
    endpoint = Endpoint(RECORDS)
    endpoint.legacy("prompts/get", {"name": "u1-p1"})
    assert endpoint.upstreams.last.params == {"name": b'"p1"'}
    endpoint.legacy("resources/read", {"uri": "file:///r1"})
    assert endpoint.upstreams.last.params == {"uri": b'"file:///r1"'}
    endpoint.legacy("completion/complete", {"ref": {"type": "ref/prompt", "name": "u1-p1"}})
    assert endpoint.upstreams.last.request.method == "completion/complete"


async def test_arguments_are_completed_by_the_values_of_their_definition() -> None:
    definition = b'{"arguments":[{"name":"tone","enum":["kind","Keen","stern"]},{"name":"x"}]}'
    template = own_resource(
        "t", "memo://{tone}", {"text": "{{ tone }}"}, template=True, definition=definition
    )
    endpoint = Endpoint((own_prompt(definition=definition), template))
    ask = endpoint.legacy

    def completed(ref: Any, name: str, value: str) -> Any:
        argument = {"name": name, "value": value}
        exchange = ask("completion/complete", {"ref": ref, "argument": argument})
        return answer_of(exchange)["result"]["completion"]

    by_name, by_uri = (
        {"type": "ref/prompt", "name": "greet"},
        {"type": "ref/resource", "uri": "memo://{tone}"},
    )
    for ref in (by_name, by_uri):
        assert completed(ref, "tone", "k")["values"] == ["kind", "Keen"]
        assert completed(ref, "x", "") == {"values": [], "total": 0, "hasMore": False}
        assert completed(ref, "unknown", "")["values"] == []
    endpoint.change(own_prompt(definition=b'{"arguments":"none of MCP"}'))
    assert completed(by_name, "tone", "")["values"] == []
    wrong = ask("completion/complete", {"ref": by_name})
    assert answer_of(wrong)["error"]["message"].startswith("params.argument ")
    modern = endpoint.modern(
        "completion/complete", {"ref": by_name, "argument": {"name": "tone", "value": ""}}
    )
    assert answer_of(modern)["result"].items() >= MODERN.items()


async def test_by_plain_http_they_have_the_shapes_of_those_routes(endpoint: Endpoint) -> None:
    got = endpoint.plain("POST", "/prompts/greet", {"name": "Ann"})
    assert answer_of(got) == {"description": "Greets.", "messages": HELLO}
    shouted = endpoint.plain("POST", "/prompts/shout", {"name": "Ann"})
    assert (await answered(shouted))["messages"][0]["content"]["text"] == "ANN!"
    read = endpoint.plain("GET", "/resources/memo%3A%2F%2Floud%2Fx")
    assert await answered(read) == {
        "type": "resource",
        "id": "loud",
        "uri": "memo://loud/x",
        "mimeType": "text/plain",
        "text": "X",
    }
    wrong = endpoint.plain("POST", "/prompts/greet", {})
    assert wrong.status == 400
    assert b"lacks 'name'" in wrong.answer
    failed = endpoint.plain("POST", "/prompts/broken", {"name": "A"})
    await until(lambda: bool(failed.answer), "it is answered")
    assert failed.status == 500
    assert b"template_failed" in failed.answer


async def test_they_are_answered_in_a_batch(endpoint: Endpoint) -> None:
    names = ("greet", "shout", "nobody")
    asked: list[tuple[str, Any]] = [
        ("prompts/get", {"name": name, "arguments": {"name": "Ann"}}) for name in names
    ]
    asked.append(("resources/read", {"uri": "memo://loud/x"}))
    batch = [
        {"jsonrpc": "2.0", "id": n, "method": method, "params": params}
        for n, (method, params) in enumerate(asked)
    ]
    exchange = endpoint.send(msgspec.json.encode(batch))
    answers = {each["id"]: each for each in await answered(exchange)}
    texts = [answers[n]["result"]["messages"][0]["content"]["text"] for n in (0, 1)]
    assert texts == ["Hello, Ann!", "ANN!"]
    assert answers[2]["error"]["code"] == jsonrpc.INVALID_PARAMS
    assert answers[3]["result"]["contents"][0]["text"] == "X"


async def test_an_mcp_client_asks_in_vain_for_roots(endpoint: Endpoint) -> None:
    for exchange in (endpoint.legacy("roots/list"), endpoint.modern("roots/list")):
        assert (await error(exchange))["code"] == jsonrpc.METHOD_NOT_FOUND


async def test_calls_are_counted_by_how_they_ended() -> None:
    endpoint = Endpoint(RECORDS)
    endpoint.legacy("prompts/get", {"name": "greet", "arguments": {"name": "Ann"}})
    endpoint.legacy("prompts/get", {"name": "greet"})
    await result(endpoint.legacy("prompts/get", {"name": "shout", "arguments": {"name": "A"}}))
    await error(endpoint.legacy("prompts/get", {"name": "broken", "arguments": {"name": "A"}}))
    families = {family.name: family for family in endpoint.registry.families()}
    samples = families["mcpgateway_calls_total"].samples
    found = {sample.values[-1]: sample.value for sample in samples if sample.value}
    assert found == {"ok": 2, "refused": 1, "template_failed": 1}
    await endpoint.conversations.aclose()


@pytest.mark.parametrize(
    ("records", "capabilities"),
    [
        ((own_prompt(),), {"prompts": {"listChanged": True}}),
        (
            (own_resource("r", "a:b", {"text": ""}),),
            {"resources": {"listChanged": True, "subscribe": True}},
        ),
        ((upstream(), resource()), {"resources": {"listChanged": True, "subscribe": False}}),
        (
            (own_prompt(definition=b'{"arguments":[{"name":"a","enum":["b"]}]}'),),
            {"prompts": {"listChanged": True}, "completions": {}},
        ),
    ],
)
@pytest.mark.parametrize("at", ["", "s1"])
async def test_what_is_offered_is_what_there_is(
    records: tuple[Any, ...], capabilities: dict[str, Any], at: str
) -> None:
    ids = {
        kind: tuple(each.id for each in records if each.kind == kind)
        for kind in ("prompt", "resource")
    }
    bundle = server("s1", prompts=ids["prompt"], resources=ids["resource"])
    endpoint = Endpoint((*records, bundle))
    assert answer_of(endpoint.modern("server/discover", {}, at))["result"]["capabilities"] == (
        capabilities
    )
