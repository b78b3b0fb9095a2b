"""Who calls by plain HTTP can ask a client of its own that listens, at whichever replica."""

from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc, sse
from mcpgateway.common.routing.model import Principal
from mcpgateway.data_plane.parked.handing import NOTE_LIMIT
from support.endpoint import JSON_HEADERS, Clock, Endpoint, answer_of, bearer, token
from support.exchange import RecordingExchange
from support.many_replicas import Group
from support.registries import server, tool, upstream
from support.wait import until

BOB = Principal("bob@example.com", admin=True)
BUNDLE = "5" * 32
OPEN = "6" * 32
RECORDS = (BOB, upstream(), tool(), server(BUNDLE, tools=("t1",)))
ABLE: dict[str, Any] = {"sampling": {}, "elicitation": {}}
SAMPLE = {"messages": [{"role": "user", "content": {"type": "text", "text": "Hi"}}], "maxTokens": 5}
FORM = {"message": "Your name?", "requestedSchema": {"type": "object", "properties": {}}}
SAID = {"role": "assistant", "model": "m", "content": {"type": "text", "text": "Hello"}}


class Listener:
    """A client with an HTTP+SSE stream."""

    def __init__(
        self,
        endpoint: Endpoint,
        capabilities: Any = ABLE,
        *,
        subject: str = "",
        server: str = "",
        lines: Any = None,
    ) -> None:
        """`lines`: of its requests, in place of those with a token of `subject`."""
        self._endpoint = endpoint
        self._lines = lines or [*JSON_HEADERS, bearer(token(subject or "ann@example.com"))]
        self._server = server
        self.stream = RecordingExchange("GET", "/sse", self._lines)
        endpoint.channels.stream(self.stream, server)
        info = {"name": "c", "version": "1"}
        params = {"protocolVersion": "2024-11-05", "capabilities": capabilities, "clientInfo": info}
        self.post({"id": 1, "method": "initialize", "params": params})
        self.post({"method": "notifications/initialized"})

    def post(self, message: dict[str, Any]) -> None:
        path, _, query = sse.Parser().feed(self.stream.answer)[0].data.decode().partition("?")
        body = msgspec.json.encode({"jsonrpc": "2.0", **message})
        exchange = RecordingExchange("POST", path, self._lines, body, query=query)
        self._endpoint.channels.message(exchange, self._server)
        assert exchange.status == 202

    @property
    def heard(self) -> list[Any]:
        """What came after the answer to `initialize`."""
        found = sse.Parser().feed(self.stream.answer)[1:]
        return [msgspec.json.decode(event.data) for event in found][1:]

    async def asked(self) -> dict[str, Any]:
        await until(lambda: bool(self.heard), "the client is asked")
        return dict(self.heard[-1])


def ask(
    endpoint: Endpoint,
    method: str = "sampling/createMessage",
    params: Any = None,
    *,
    authorization: str | None = None,
    **more: Any,
) -> RecordingExchange:
    body = jsonrpc.request(7, method, msgspec.json.encode((params or SAMPLE) | more))
    return endpoint.plain("POST", "/rpc", body, authorization=authorization)


async def answered(exchange: RecordingExchange) -> dict[str, Any]:
    await until(lambda: bool(exchange.status), "there is an answer")
    return dict(answer_of(exchange))


@pytest.mark.parametrize(
    ("method", "params", "reply"),
    [
        ("sampling/createMessage", SAMPLE, SAID),
        ("elicitation/create", FORM, {"action": "accept", "content": {"name": "Ann"}}),
    ],
)
async def test_a_client_that_listens_is_asked_and_its_reply_is_the_answer(
    method: str, params: Any, reply: Any
) -> None:
    endpoint = Endpoint(RECORDS)
    listener = Listener(endpoint)
    exchange = ask(endpoint, method, params)
    asked = await listener.asked()
    assert (asked["method"], asked["params"]) == (method, params)
    listener.post({"id": asked["id"], "result": reply})
    assert await answered(exchange) == {"jsonrpc": "2.0", "id": 7, "result": reply}


async def test_a_clients_refusal_is_the_answer() -> None:
    endpoint = Endpoint(RECORDS)
    listener = Listener(endpoint)
    exchange = ask(endpoint)
    asked = await listener.asked()
    listener.post({"id": asked["id"], "error": {"code": -1, "message": "I would rather not"}})
    assert (await answered(exchange))["error"] == {"code": -1, "message": "I would rather not"}


async def test_of_several_clients_the_one_that_listens_the_shortest_is_asked() -> None:
    endpoint = Endpoint(RECORDS)
    older, newer = Listener(endpoint), Listener(endpoint)
    unable = Listener(endpoint, {"elicitation": {}})
    ask(endpoint)
    await newer.asked()
    assert (older.heard, unable.heard) == ([], [])


async def test_nobody_else_is_asked_and_nobody_at_another_server() -> None:
    endpoint = Endpoint(RECORDS)
    others = [Listener(endpoint, subject=BOB.id), Listener(endpoint, {"roots": {}})]
    refused = await answered(ask(endpoint))
    assert "no client of yours that declared sampling" in refused["error"]["message"]
    others.append(Listener(endpoint))
    elsewhere = await answered(ask(endpoint, server_id=BUNDLE))
    assert elsewhere["error"]["code"] == jsonrpc.INVALID_PARAMS
    assert [other.heard for other in others] == [[], [], []]
    at_server = Listener(endpoint, server=BUNDLE)
    ask(endpoint, server_id=BUNDLE)
    await at_server.asked()


async def test_a_client_that_left_is_not_asked() -> None:
    endpoint = Endpoint(RECORDS)
    listener = Listener(endpoint)
    listener.stream.leave()
    assert "error" in await answered(ask(endpoint))


async def test_a_client_that_does_not_reply_in_time_is_told_that_nobody_waits() -> None:
    endpoint = Endpoint(RECORDS, patience=0.05)
    listener = Listener(endpoint)
    refused = await answered(ask(endpoint))
    assert refused["error"]["code"] == jsonrpc.UPSTREAM_TIMED_OUT
    assert "did not reply to sampling/createMessage within 0.05 s" in refused["error"]["message"]
    asked, cancelled = listener.heard
    assert cancelled["method"] == "notifications/cancelled"
    assert cancelled["params"]["requestId"] == asked["id"]


async def test_when_who_asks_leaves_the_client_is_told() -> None:
    endpoint = Endpoint(RECORDS)
    listener = Listener(endpoint)
    exchange = ask(endpoint)
    asked = await listener.asked()
    exchange.leave()
    assert listener.heard[-1]["method"] == "notifications/cancelled"
    listener.post({"id": asked["id"], "result": SAID})  # too late: taken and dropped
    assert not exchange.answer


async def test_the_newest_client_is_asked_at_whichever_replica_it_listens() -> None:
    group = Group(RECORDS, ("a", "b", "c"))
    one, other, third = (group.endpoints[name] for name in "abc")
    for endpoint, now in ((one, 10.0), (other, 20.0), (third, 15.0)):
        assert isinstance(endpoint.clock, Clock)
        endpoint.clock.now += now
    Listener(one), Listener(third)
    newest = Listener(other)
    exchange = ask(one)
    asked = await newest.asked()
    newest.post({"id": asked["id"], "result": SAID})
    assert (await answered(exchange))["result"] == SAID
    assert group.handed == [("a", "b")]


async def test_a_replica_that_died_after_it_had_a_client_is_noticed() -> None:
    group = Group(RECORDS)
    listener = Listener(group.endpoints["b"])
    exchange = ask(group.endpoints["a"])
    del group.endpoints["b"]
    assert "error" in await answered(exchange)
    assert listener.heard == []


@pytest.mark.parametrize(
    ("method", "params", "member"),
    [
        ("sampling/createMessage", {"messages": 7}, "messages"),
        ("sampling/createMessage", {"a": 1}, "messages"),
        ("elicitation/create", {"message": None}, "message"),
        ("elicitation/create", {"message": "?", "mode": "x" * (1 << 20)}, "mode"),
    ],
)
async def test_what_no_client_could_be_asked_is_refused_at_once(
    method: str, params: Any, member: str
) -> None:
    refused = answer_of(ask(Endpoint(RECORDS), method, params))
    assert refused["error"]["code"] == jsonrpc.INVALID_PARAMS
    assert f"params.{member} must be" in refused["error"]["message"]


async def test_a_connected_client_of_mcp_can_not_ask_others() -> None:
    endpoint = Endpoint(RECORDS)
    refused = answer_of(endpoint.legacy("sampling/createMessage", SAMPLE))
    assert refused["error"]["code"] == jsonrpc.METHOD_NOT_FOUND


async def test_a_stranger_can_not_have_another_stranger_asked() -> None:
    endpoint = Endpoint((*RECORDS, server(OPEN, tools=("t1",), anonymous_access=True)))
    listener = Listener(endpoint, server=OPEN, lines=JSON_HEADERS)
    refused = ask(endpoint, authorization="", server_id=OPEN)
    assert answer_of(refused)["error"]["code"] == jsonrpc.UNAUTHENTICATED
    assert listener.heard == []


async def test_a_question_of_any_size_is_asked_at_another_replica() -> None:
    group = Group(RECORDS)
    listener = Listener(group.endpoints["b"], {"sampling": {"tools": {}}})
    much: dict[str, Any] = {
        "tools": [{"name": "t" * NOTE_LIMIT}],
        "toolChoice": {"mode": "x" * NOTE_LIMIT},
    }
    exchange = ask(group.endpoints["a"], **much)
    asked = await listener.asked()
    listener.post({"id": asked["id"], "result": SAID})
    assert (await answered(exchange))["result"] == SAID
