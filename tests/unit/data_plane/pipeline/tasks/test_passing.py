"""Tasks of upstreams of the client's own era: who calls them by which name, and who may at all."""

import json
from typing import Any

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES
from mcpgateway.common.routing.model import Principal
from mcpgateway.data_plane.pipeline.tasks.listing import PAGE
from mcpgateway.data_plane.upstreams.request import Question, Reply
from support.endpoint import USER, Endpoint, answer_of, token
from support.exchange import RecordingExchange
from support.registries import server, tool, upstream
from support.wait import until

EXTENSION: dict[str, Any] = {"extensions": {tasks.EXTENSION: {}}}
ABLE = {META_CLIENT_CAPABILITIES: EXTENSION}
MODERN = (upstream(capabilities=json.dumps({"tools": {}, **EXTENSION}).encode()), tool())
CORE = json.dumps({"tools": {}, "tasks": tasks.LEGACY_CAPABILITY}).encode()
LEGACY = (upstream(era="legacy", capabilities=CORE, protocol_version="2025-11-25"), tool())
CALL = {"name": "u1-t1", "arguments": {}}
CALLER = f"{USER.id}\nmcpgateway"  # its key
CREATED = {"resultType": "task", "taskId": "up-1", "status": "working", "ttlMs": 1000}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}}, "clientInfo": {}}


def play(endpoint: Endpoint, result: Any) -> None:
    """The upstream's answer to what it was sent last."""
    call = endpoint.upstreams.last
    call.sink.answer(jsonrpc.response(call.request.id, json.dumps(result).encode()))


def modern_task(endpoint: Endpoint) -> str:
    """The client's name for a task that was just made."""
    exchange = endpoint.modern("tools/call", CALL, meta=ABLE)
    play(endpoint, CREATED)
    return str(answer_of(exchange)["result"]["taskId"])


class Session:
    """A legacy client with a session."""

    def __init__(self, endpoint: Endpoint, revision: str = "2025-11-25") -> None:
        self.endpoint = endpoint
        hello = endpoint.legacy("initialize", {**HELLO, "protocolVersion": revision})
        self.capabilities = answer_of(hello)["result"]["capabilities"]
        self._id = hello.sent_headers[b"mcp-session-id"]

    def send(self, method: str, params: Any) -> RecordingExchange:
        return self.endpoint.legacy(method, params, headers=[(b"mcp-session-id", self._id)])

    def task(self) -> str:
        exchange = self.send("tools/call", {**CALL, "task": {"ttl": 60}})
        play(self.endpoint, {"task": {"taskId": "up-1", "status": "working"}})
        return str(answer_of(exchange)["result"]["task"]["taskId"])


def error_of(exchange: RecordingExchange) -> tuple[int, int]:
    return exchange.status, answer_of(exchange)["error"]["code"]


async def test_a_modern_task_goes_by_a_name_of_the_clients_own_and_back_again() -> None:
    endpoint = Endpoint(MODERN)
    name = modern_task(endpoint)
    assert "up-1" not in name
    methods: dict[str, dict[str, Any]] = {
        tasks.GET: {},
        tasks.UPDATE: {"inputResponses": {"q": {"action": "accept"}}},
        tasks.CANCEL: {},
    }
    for method, more in methods.items():
        exchange = endpoint.modern(method, {"taskId": name, **more}, meta=ABLE)
        sent = endpoint.upstreams.last
        assert (sent.request.method, sent.params["taskId"]) == (method, b'"up-1"')
        assert sent.request.reads
        assert json.loads(sent.params.get("inputResponses", b"{}")) == more.get(
            "inputResponses", {}
        )
        play(endpoint, {"resultType": "complete", "taskId": "up-1", "status": "completed"})
        assert answer_of(exchange)["result"]["taskId"] == name


async def test_the_same_task_has_the_same_name_on_any_replica() -> None:
    assert modern_task(Endpoint(MODERN)) == modern_task(Endpoint(MODERN))


async def test_only_clients_that_declared_tasks_have_their_answers_read() -> None:
    endpoint, without = Endpoint(MODERN), Endpoint((upstream(capabilities=b'{"tools":{}}'), tool()))
    endpoint.modern("tools/call", CALL)
    endpoint.modern("tools/call", CALL, meta=ABLE)
    without.modern("tools/call", CALL, meta=ABLE)
    assert [each.request.reads for each in endpoint.upstreams.calls] == [False, True]
    assert [each.request.reads for each in without.upstreams.calls] == [False]


async def test_who_did_not_declare_tasks_is_told_what_it_lacks() -> None:
    endpoint = Endpoint(MODERN)
    name = modern_task(endpoint)
    sent = len(endpoint.upstreams.calls)
    for method in (tasks.GET, tasks.UPDATE, tasks.CANCEL):
        exchange = endpoint.modern(method, {"taskId": name})
        assert error_of(exchange) == (400, jsonrpc.MISSING_CLIENT_CAPABILITY)
        assert answer_of(exchange)["error"]["data"] == {"requiredCapabilities": EXTENSION}
    assert len(endpoint.upstreams.calls) == sent


@pytest.mark.parametrize("name", ["up-1", "gw1.", "gw1.AAAA", "", "gw1." + "A" * 5000])
async def test_a_made_up_task_is_unknown(name: str) -> None:
    endpoint = Endpoint(MODERN)
    exchange = endpoint.modern(tasks.GET, {"taskId": name}, meta=ABLE)
    assert error_of(exchange) == (400, jsonrpc.INVALID_PARAMS)
    assert endpoint.upstreams.calls == []


async def test_a_task_of_another_caller_or_of_another_server_is_unknown() -> None:
    bob = Principal("bob@example.com", admin=True)
    endpoint = Endpoint((*MODERN, bob, server(tools=("t1",))))
    name = modern_task(endpoint)
    other = endpoint.modern(
        tasks.GET, {"taskId": name}, meta=ABLE, authorization=f"Bearer {token(bob.id)}"
    )
    assert error_of(other) == (400, jsonrpc.INVALID_PARAMS)
    elsewhere = endpoint.modern(tasks.GET, {"taskId": name}, "s1", meta=ABLE)
    assert error_of(elsewhere) == (400, jsonrpc.INVALID_PARAMS)


async def test_a_task_whose_upstream_is_gone_or_changed_its_era_is_unknown() -> None:
    endpoint = Endpoint(MODERN)
    name = modern_task(endpoint)
    from_then_on = ((), (msgspec.structs.replace(MODERN[0], era="legacy"), MODERN[1]))
    for records in from_then_on:
        again = Endpoint(records)
        exchange = again.modern(tasks.GET, {"taskId": name}, meta=ABLE)
        assert error_of(exchange) == (400, jsonrpc.INVALID_PARAMS)


async def test_methods_that_an_era_does_not_have_are_unknown_to_it() -> None:
    endpoint = Endpoint(MODERN)
    for method in (tasks.RESULT, tasks.LIST):
        exchange = endpoint.modern(method, {"taskId": "1"}, meta=ABLE)
        assert error_of(exchange) == (404, jsonrpc.METHOD_NOT_FOUND)
    exchange = endpoint.legacy(tasks.UPDATE, {"taskId": "1"})
    assert error_of(exchange) == (200, jsonrpc.METHOD_NOT_FOUND)


async def test_a_task_that_can_not_be_named_fails_the_call() -> None:
    for id in ("x" * 5000, 7, ""):
        endpoint = Endpoint(MODERN)
        exchange = endpoint.modern("tools/call", CALL, meta=ABLE)
        play(endpoint, {**CREATED, "taskId": id})
        assert error_of(exchange) == (502, jsonrpc.OUTCOME_UNKNOWN)


async def test_tasks_are_offered_where_an_upstream_has_them_and_in_the_clients_words() -> None:
    endpoint = Endpoint(MODERN)
    offered = answer_of(endpoint.modern("server/discover"))["result"]["capabilities"]
    assert offered["extensions"] == EXTENSION["extensions"]
    assert "tasks" not in offered
    assert Session(Endpoint(LEGACY)).capabilities["tasks"] == tasks.LEGACY_CAPABILITY
    assert "tasks" not in Session(Endpoint(LEGACY), "2025-06-18").capabilities
    assert "tasks" not in Session(Endpoint(MODERN)).capabilities  # nobody keeps them for it
    plain = Endpoint((upstream(capabilities=b'{"tools":{}}'), tool()))
    assert "extensions" not in answer_of(plain.modern("server/discover"))["result"]["capabilities"]


async def test_a_legacy_task_goes_by_a_name_of_the_clients_own_and_back_again() -> None:
    endpoint = Endpoint(LEGACY)
    session = Session(endpoint)
    name = session.task()
    assert endpoint.upstreams.last.params["task"] == b'{"ttl":60}'
    for method in (tasks.GET, tasks.CANCEL, tasks.RESULT):
        exchange = session.send(method, {"taskId": name})
        sent = endpoint.upstreams.last
        assert (sent.request.method, sent.params["taskId"]) == (method, b'"up-1"')
        assert sent.request.patient is (method == tasks.RESULT)
        related = {"_meta": {tasks.META_RELATED: {"taskId": "up-1"}}}
        play(endpoint, related if method == tasks.RESULT else {"taskId": "up-1"})
        assert "up-1" not in exchange.answer.decode()
        assert name in exchange.answer.decode()


async def test_the_state_of_a_legacy_task_is_told_under_its_name() -> None:
    endpoint = Endpoint(LEGACY)
    session = Session(endpoint)
    name = session.task()
    exchange = session.send("tools/call", CALL)
    assert not endpoint.upstreams.last.request.reads
    await until(lambda: endpoint.conversations.keeper.idle, "it is listed")
    endpoint.upstreams.last.sink.message(status("up-1"))
    await until(lambda: endpoint.conversations.keeper.idle, "whose it is was read")
    assert name.encode() in exchange.answer
    assert b"up-1" not in exchange.answer


def status(id: str) -> bytes:
    return jsonrpc.notification(tasks.STATUS, b'{"taskId":"%b","status":"working"}' % id.encode())


async def test_another_callers_task_is_not_told_of_on_the_stream_of_a_call() -> None:
    """Whose clients come with the same credentials, an upstream can not tell apart."""
    endpoint = Endpoint(LEGACY)
    session = Session(endpoint)
    session.task()
    await until(lambda: endpoint.conversations.keeper.idle, "it is listed")
    exchange = session.send("tools/call", CALL)
    sink = endpoint.upstreams.last.sink
    sink.message(status("another"))
    await until(lambda: endpoint.conversations.keeper.idle, "whose it is was read")
    assert not exchange.started
    params = {"progressToken": 1, "_meta": {tasks.META_RELATED: {"taskId": "another"}}}
    sink.message(jsonrpc.notification("notifications/progress", json.dumps(params).encode()))
    assert b'"progressToken":1' in exchange.answer.replace(b" ", b"")
    assert b"related-task" not in exchange.answer


async def test_a_status_that_is_known_to_be_the_callers_after_the_answer_is_not_told() -> None:
    endpoint = Endpoint(LEGACY)
    session = Session(endpoint)
    session.task()
    await until(lambda: endpoint.conversations.keeper.idle, "it is listed")
    exchange = session.send("tools/call", CALL)
    sink = endpoint.upstreams.last.sink
    sink.message(status("up-1"))
    sink.answer(jsonrpc.response(1, b"{}"))
    await until(lambda: endpoint.conversations.keeper.idle, "whose it is was read")
    assert answer_of(exchange)["result"] == {}


async def test_an_answer_about_another_task_than_was_asked_for_is_not_passed_on() -> None:
    endpoint = Endpoint(MODERN)
    name = modern_task(endpoint)
    exchange = endpoint.modern(tasks.GET, {"taskId": name}, meta=ABLE)
    play(endpoint, {"resultType": "complete", "taskId": "another", "status": "working"})
    assert "not to be used" in answer_of(exchange)["error"]["message"]


async def test_what_is_asked_for_a_legacy_task_names_it_as_the_client_does() -> None:
    endpoint = Endpoint(LEGACY)
    session = Session(endpoint)
    name = session.task()
    exchange = session.send(tasks.RESULT, {"taskId": name})
    params = {
        "message": "Sure?",
        "requestedSchema": {},
        "_meta": {tasks.META_RELATED: {"taskId": "up-1"}},
    }
    replies: list[Any] = []
    question = Question("elicitation/create", json.dumps(params).encode())
    endpoint.upstreams.last.sink.ask({"1": question}, replies.append)
    asked = json.loads(exchange.answer.split(b"data: ")[-1])
    assert asked["params"]["_meta"] == {tasks.META_RELATED: {"taskId": name}}
    reply = {"jsonrpc": "2.0", "id": asked["id"], "result": {"action": "accept"}}
    endpoint.send(json.dumps(reply).encode())
    assert replies == [{"1": Reply(b'{"action": "accept"}')}]


async def test_a_legacy_client_lists_the_tasks_that_it_made_and_no_others() -> None:
    endpoint = Endpoint((*LEGACY, Principal("bob@example.com", admin=True)))
    session = Session(endpoint)
    names = []
    for number in range(PAGE + 1):
        exchange = session.send("tools/call", {**CALL, "task": {}})
        play(endpoint, {"task": {"taskId": f"up-{number}", "status": "working"}})
        names.append(answer_of(exchange)["result"]["task"]["taskId"])

    async def listed(**params: Any) -> Any:
        seen = len(endpoint.upstreams.calls)
        exchange = session.send(tasks.LIST, params)
        await until(lambda: exchange.ended or len(endpoint.upstreams.calls) > seen, "it begins")
        for call in endpoint.upstreams.calls[seen:]:
            id = json.loads(call.params["taskId"])
            result = b'{"taskId":%b,"status":"working"}' % json.dumps(id).encode()
            call.sink.answer(jsonrpc.response(call.request.id, result))
        await exchange.finished()
        return answer_of(exchange)

    await until(lambda: endpoint.conversations.keeper.idle, "all are written")
    first = (await listed())["result"]
    assert [each["taskId"] for each in first["tasks"]] == names[:0:-1]
    second = (await listed(cursor=first["nextCursor"]))["result"]
    assert [each["taskId"] for each in second["tasks"]] == names[:1]
    assert "nextCursor" not in second
    assert (await listed(cursor="7"))["error"]["code"] == jsonrpc.INVALID_PARAMS
    body = jsonrpc.request(1, tasks.LIST)
    other = endpoint.send(body, authorization=f"Bearer {token('bob@example.com')}")
    await other.finished()
    assert answer_of(other)["result"] == {"tasks": []}


async def test_a_client_from_before_tasks_asks_for_none() -> None:
    endpoint = Endpoint(LEGACY)
    Session(endpoint, "2025-06-18").send("tools/call", {**CALL, "task": {}})
    assert not endpoint.upstreams.last.request.reads


async def test_a_cursor_of_another_list_is_refused() -> None:
    endpoint = Endpoint(LEGACY)
    foreign = endpoint.conversations.handles.make("cursor", "", CALLER, "tools 1 5", 60)
    answer = answer_of(Session(endpoint).send(tasks.LIST, {"cursor": foreign}))
    assert answer["error"]["code"] == jsonrpc.INVALID_PARAMS


async def test_strangers_list_no_tasks_since_nobody_can_tell_one_from_another() -> None:
    opened = server("s1", tools=("t1",), anonymous_access=True)
    endpoint = Endpoint((*LEGACY, opened))

    def send(method: str, params: Any) -> Any:
        body = jsonrpc.request(1, method, json.dumps(params).encode())
        revision = [(b"mcp-protocol-version", b"2025-11-25")]
        return endpoint.send(body, "s1", revision, authorization="")

    exchange = send("tools/call", {**CALL, "task": {}})
    play(endpoint, {"task": {"taskId": "up-1", "status": "working"}})
    assert answer_of(exchange)["result"]["task"]["taskId"].startswith("gw1.")
    await until(lambda: endpoint.conversations.keeper.idle, "it is written")
    other = send(tasks.LIST, {})
    await other.finished()
    assert answer_of(other)["result"] == {"tasks": []}
