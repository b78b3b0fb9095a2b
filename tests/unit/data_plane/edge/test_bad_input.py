"""Every kind of bad input at the MCP endpoint, one row each: the HTTP status and the JSON-RPC code
that 2026-07-28 or the older revisions want for it, and nothing sent to any upstream.

What upstreams send wrongly is in the golden files of the bridge; what is no HTTP, in the door's.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec
import pytest

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import session, tasks
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES, META_PROTOCOL_VERSION
from mcpgateway.common.routing.model import Principal
from mcpgateway.data_plane.edge.app import mcp_body
from mcpgateway.data_plane.pipeline import pages
from mcpgateway.data_plane.upstreams.request import Question
from support.endpoint import META, NOW, Endpoint, answer_of, bearer, mirrored, token
from support.exchange import RecordingExchange
from support.registries import prompt, resource, server, tool, upstream

PARSE, INVALID, NO_METHOD, NO_PARAMS = -32700, -32600, -32601, -32602
MISMATCH, LACKING, NO_VERSION = -32020, -32021, -32022
BOB = Principal("bob@example.com", admin=True)
MARKED = {"type": "object", "properties": {"r": {"type": "string", "x-mcp-header": "Region"}}}
DEFINITION = json.dumps({"inputSchema": MARKED}).encode()
RECORDS = (
    BOB,
    upstream("u1", era="legacy", protocol_version="2025-11-25"),
    tool("t1", "u1", definition=DEFINITION),
    prompt("p1", "u1"),
    resource("r1", "u1", uri="memo://a"),
    upstream("u2", capabilities=json.dumps({"extensions": {tasks.EXTENSION: {}}}).encode()),
    tool("t2", "u2", definition=DEFINITION),
    server("s1", tools=("t1", "t2")),
    server("s2", tools=("t1", "t2")),
)
CALL = {"name": "u1-t1", "arguments": {"r": "eu"}}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {}}
ROOTS: dict[str, Any] = {META_CLIENT_CAPABILITIES: {"roots": {}}}
TASKS: dict[str, Any] = {META_CLIENT_CAPABILITIES: {"extensions": {tasks.EXTENSION: {}}}}
ABSENT = b"absent"
Lines = Iterable[tuple[bytes, bytes]]
Act = Callable[[Endpoint], RecordingExchange]


def call(params: Any = CALL, /, region: bytes = b"eu", **changed: bytes) -> Act:
    """A modern call with other header lines: `name=b"x"` is Mcp-Name; ABSENT takes it away."""
    whole = {**params, "_meta": META}
    lines = dict(mirrored("tools/call", whole)) | {b"mcp-param-region": region}
    names = {"version": "mcp-protocol-version", "method": "mcp-method", "name": "mcp-name"}
    lines |= {names[key].encode(): value for key, value in changed.items()}
    sent = [line for line in lines.items() if line[1] != ABSENT]
    body = jsonrpc.request(1, "tools/call", msgspec.json.encode(whole))
    return lambda endpoint: endpoint.send(body, headers=sent)


def twice(name: bytes) -> Act:
    again = [(name, dict(mirrored("tools/call", CALL))[name])]
    return lambda endpoint: endpoint.modern("tools/call", CALL, headers=again)


def modern(method: str, params: Any = None, **more: Any) -> Act:
    return lambda endpoint: endpoint.modern(method, params, **more)


def legacy(method: str, params: Any = None, headers: Lines = ()) -> Act:
    return lambda endpoint: endpoint.legacy(method, params, headers=headers)


def raw(body: bytes, headers: Lines = ()) -> Act:
    return lambda endpoint: endpoint.send(body, headers=headers)


def meta(found: Any) -> Act:
    """A modern list under header lines that are right, with this `_meta`."""
    body = jsonrpc.request(1, "tools/list", msgspec.json.encode({"_meta": found}))
    return lambda endpoint: endpoint.send(body, headers=mirrored("tools/list", {}))


def of_version(version: str) -> Act:
    found = {**META, META_PROTOCOL_VERSION: version}
    body = jsonrpc.request(1, "tools/list", msgspec.json.encode({"_meta": found}))
    lines = [(b"mcp-protocol-version", version.encode()), (b"mcp-method", b"tools/list")]
    return lambda endpoint: endpoint.send(body, headers=lines)


# Sealed ids: each of the right make, used otherwise than it was given.


def bobs() -> str:
    return bearer(token(BOB.id))[1].decode()


def later(endpoint: Endpoint, seconds: float) -> str:
    """So much later, with a token of then."""
    endpoint.clock.now = NOW + seconds
    return "Bearer " + token(now=endpoint.clock.now)


def session_of(endpoint: Endpoint, server: str = "") -> list[tuple[bytes, bytes]]:
    hello = endpoint.legacy("initialize", HELLO, server)
    return [(b"mcp-session-id", hello.sent_headers[b"mcp-session-id"])]


def session_case(kind: str) -> Act:
    def act(endpoint: Endpoint) -> RecordingExchange:
        ping = jsonrpc.request(1, "ping")
        lines = session_of(endpoint, "s1")
        match kind:
            case "another's":
                return endpoint.send(ping, "s1", lines, authorization=bobs())
            case "another server's":
                return endpoint.send(ping, "s2", lines)
            case "expired":
                then = later(endpoint, session.LIFETIME + 1)
                return endpoint.send(ping, "s1", lines, authorization=then)
            case "changed":
                lines = [(name, flipped(value.decode()).encode()) for name, value in lines]
        return endpoint.send(ping, "s1", lines)

    return act


def flipped(text: str) -> str:
    """The same sealed id with one letter changed."""
    at = len(text) // 2
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


def cursor_case(era: str, kind: str) -> Act:
    def act(endpoint: Endpoint) -> RecordingExchange:
        send = endpoint.modern if era == "modern" else endpoint.legacy
        cursor = answer_of(send("tools/list"))["result"]["nextCursor"]
        match kind:
            case "another's":
                params = {"cursor": cursor, **({"_meta": META} if era == "modern" else {})}
                body = jsonrpc.request(1, "tools/list", msgspec.json.encode(params))
                lines = mirrored("tools/list", {}) if era == "modern" else []
                return endpoint.send(body, headers=lines, authorization=bobs())
            case "another list's":
                return send("prompts/list", {"cursor": cursor})
            case "expired":
                endpoint.clock.now += pages.SECONDS + 1
            case "changed":
                cursor = flipped(cursor)
            case "empty":
                cursor = ""
            case "no text":
                cursor = 7
        return send("tools/list", {"cursor": cursor})

    return act


class Asked(NamedTuple):
    """A modern call that its legacy upstream asked something for."""

    state: str
    lines: list[tuple[bytes, bytes]]


async def asked(endpoint: Endpoint) -> Asked:
    lines = [(b"mcp-param-region", b"eu")]
    exchange = endpoint.modern("tools/call", CALL, meta=ROOTS, headers=lines)
    endpoint.upstreams.last.sink.ask({"1": Question("roots/list", b"{}")}, lambda replies: None)
    await exchange.finished()
    endpoint.upstreams.calls.clear()
    return Asked(str(answer_of(exchange)["result"]["requestState"]), lines)


CASES: dict[str, tuple[Act, int, int]] = {
    # The body against its header lines.
    "Mcp-Method differs": (call(method=b"tools/list"), 400, MISMATCH),
    "Mcp-Method is missing": (call(method=ABSENT), 400, MISMATCH),
    "Mcp-Name differs": (call(name=b"u1-t2"), 400, MISMATCH),
    "Mcp-Name differs in case": (call(name=b"U1-T1"), 400, MISMATCH),
    "Mcp-Name is missing": (call(name=ABSENT), 400, MISMATCH),
    "MCP-Protocol-Version differs": (call(version=b"2025-11-25"), 400, MISMATCH),
    "MCP-Protocol-Version is missing": (call(version=ABSENT), 400, MISMATCH),
    "Mcp-Method twice": (twice(b"mcp-method"), 400, MISMATCH),
    "Mcp-Name twice": (twice(b"mcp-name"), 400, MISMATCH),
    "MCP-Protocol-Version twice": (twice(b"mcp-protocol-version"), 400, MISMATCH),
    "Mcp-Param differs": (call(region=b"us"), 400, MISMATCH),
    "Mcp-Param is missing": (call(region=ABSENT), 400, MISMATCH),
    "Mcp-Param of no argument": (call({"name": "u1-t1", "arguments": {}}), 400, MISMATCH),
    # Base64.
    "Mcp-Name in bad base64": (call(name=b"=?base64?e?="), 400, MISMATCH),
    "Mcp-Name in base64 of no UTF-8": (call(name=b"=?base64?/w==?="), 400, MISMATCH),
    "Mcp-Param in bad base64": (call(region=b"=?base64?!!?="), 400, MISMATCH),
    # Duplicate keys, where arguments are read.
    "an argument twice, legacy upstream": (
        call({"name": "u1-t1", "arguments": msgspec.Raw(b'{"r":"us","r":"eu"}')}),
        400,
        NO_PARAMS,
    ),
    "an argument twice, modern upstream": (
        legacy("tools/call", {"name": "u2-t2", "arguments": msgspec.Raw(b'{"a":{"b":1,"b":2}}')}),
        200,
        NO_PARAMS,
    ),
    # What a modern request says of itself.
    "no _meta": (meta(None), 400, NO_PARAMS),
    "_meta that is no object": (meta([1]), 400, NO_PARAMS),
    "_meta without capabilities": (meta({META_PROTOCOL_VERSION: "2026-07-28"}), 400, NO_PARAMS),
    "capabilities that are no object": (
        meta({**META, META_CLIENT_CAPABILITIES: []}),
        400,
        NO_PARAMS,
    ),
    "a version that is not there yet": (of_version("2027-01-01"), 400, NO_VERSION),
    "a legacy version that never was": (
        legacy("tools/list", headers=[(b"mcp-protocol-version", b"1999-01-01")]),
        400,
        NO_VERSION,
    ),
    # Sealed ids.
    "a session that was made up": (
        legacy("ping", headers=[(b"mcp-session-id", b"made-up")]),
        404,
        INVALID,
    ),
    **{
        f"a session: {kind}": (session_case(kind), 404, INVALID)
        for kind in ("another's", "another server's", "expired", "changed")
    },
    **{
        f"a cursor, {era}: {kind}": (
            cursor_case(era, kind),
            400 if era == "modern" else 200,
            NO_PARAMS,
        )
        for era in ("modern", "legacy")
        for kind in ("another's", "another list's", "expired", "changed", "empty", "no text")
    },
    "a requestState that was made up": (
        modern("prompts/get", {"name": "u1-p1", "requestState": "made-up"}),
        400,
        NO_PARAMS,
    ),
    "a task that was made up": (modern("tasks/get", {"taskId": "x"}, meta=TASKS), 400, NO_PARAMS),
    "a task that was made up, legacy": (legacy("tasks/get", {"taskId": "x"}), 200, NO_PARAMS),
    "a task without the extension": (modern("tasks/get", {"taskId": "x"}), 400, LACKING),
    # Methods.
    **{
        f"{method} of a modern client": (modern(method), 404, NO_METHOD)
        for method in (
            "tools/frobnicate",
            "initialize",
            "ping",
            "logging/setLevel",
            "resources/subscribe",
            "resources/unsubscribe",
            "tasks/list",
            "tasks/result",
        )
    },
    **{
        f"{method} of a legacy client": (legacy(method), 200, NO_METHOD)
        for method in ("tools/frobnicate", "server/discover", "subscriptions/listen")
    },
    # Names.
    "an unknown tool": (modern("tools/call", {"name": "nope"}), 400, NO_PARAMS),
    "an unknown tool, legacy": (legacy("tools/call", {"name": "nope"}), 200, NO_PARAMS),
    "an unknown prompt": (modern("prompts/get", {"name": "nope"}), 400, NO_PARAMS),
    "an unknown resource": (modern("resources/read", {"uri": "memo://no"}), 400, NO_PARAMS),
    "an unknown resource, legacy": (legacy("resources/read", {"uri": "memo://no"}), 200, -32002),
    # Bodies.
    "no JSON": (raw(b"{"), 400, PARSE),
    "no UTF-8": (raw(b'{"jsonrpc":"2.0","id":1,"method":"\xff"}'), 400, PARSE),
    "no object": (raw(b'"ping"'), 400, INVALID),
    "a batch of a modern client": (raw(b"[]", mirrored("ping", {})), 400, INVALID),
    "an id that is null": (raw(b'{"jsonrpc":"2.0","id":null,"method":"ping"}'), 400, INVALID),
    "an id that is no integer": (raw(b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}'), 400, INVALID),
    "a response of a modern client": (
        raw(jsonrpc.response(1, b"{}"), mirrored("x", {})),
        400,
        INVALID,
    ),
    "JSON that is nested too deeply": (
        raw(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b"[" * 100_000),
        400,
        INVALID,
    ),
}


@pytest.mark.parametrize("case", CASES)
async def test_bad_input_has_its_own_status_and_code(case: str) -> None:
    act, status, code = CASES[case]
    endpoint = Endpoint(RECORDS, page_size=60)
    exchange = act(endpoint)
    error = answer_of(exchange)["error"]
    assert (exchange.status, error["code"]) == (status, code), error["message"]
    assert error["message"]
    assert endpoint.upstreams.calls == []


@pytest.mark.parametrize("kind", ["another's", "expired", "changed", "another call's"])
async def test_a_state_that_is_not_of_this_call_is_refused_and_the_call_stays_parked(
    kind: str,
) -> None:
    endpoint = Endpoint(RECORDS, patience=5)
    state, lines = await asked(endpoint)
    who, params = None, dict(CALL)
    match kind:
        case "another's":
            who = bobs()
        case "expired":
            who = later(endpoint, 60)
        case "changed":
            state = flipped(state)
        case "another call's":
            params = {"name": "u1-t1", "arguments": {"r": "eu", "more": 1}}
    exchange = endpoint.modern(
        "tools/call",
        {**params, "requestState": state},
        meta=ROOTS,
        headers=lines,
        authorization=who,
    )
    assert (exchange.status, answer_of(exchange)["error"]["code"]) == (400, NO_PARAMS)
    assert endpoint.upstreams.calls == []
    assert len(endpoint.conversations.parked) == 1


@pytest.mark.parametrize("kind", ["another's", "another server's", "changed"])
@pytest.mark.parametrize("method", ["tasks/get", "tasks/update", "tasks/cancel"])
def test_a_task_that_is_not_the_callers_reads_like_one_that_is_not_there(
    method: str, kind: str
) -> None:
    endpoint = Endpoint(RECORDS)
    made = endpoint.modern("tools/call", {"name": "u2-t2"}, "s1", meta=TASKS)
    created = b'{"resultType":"task","taskId":"up-1","status":"working","ttlMs":1000}'
    endpoint.upstreams.calls.pop().sink.answer(jsonrpc.response(1, created))
    task = str(answer_of(made)["result"]["taskId"])
    who, where = None, "s1"
    match kind:
        case "another's":
            who = bobs()
        case "another server's":
            where = "s2"
        case "changed":
            task = flipped(task)
    params = {"taskId": task, "inputResponses": {}}
    exchange = endpoint.modern(method, params, where, meta=TASKS, authorization=who)
    assert (exchange.status, answer_of(exchange)["error"]["code"]) == (400, NO_PARAMS)
    assert endpoint.upstreams.calls == []
    endpoint.modern("tasks/get", {"taskId": answer_of(made)["result"]["taskId"]}, "s1", meta=TASKS)
    assert endpoint.upstreams.last.params["taskId"] == b'"up-1"'


@pytest.mark.parametrize("text", [b"made-up", b"", b"A" * 3000])
def test_an_event_id_that_was_never_given_is_400_and_no_end_of_the_session(text: bytes) -> None:
    endpoint = Endpoint(RECORDS)
    lines = [*session_of(endpoint), (b"last-event-id", text)]
    exchange = endpoint.send(b"", headers=lines, method="GET")
    assert exchange.status == 400
    assert endpoint.legacy("ping", headers=lines[:1]).status == 200


def test_of_a_member_that_is_there_twice_the_last_counts_and_it_alone_is_sent() -> None:
    endpoint = Endpoint(RECORDS)
    endpoint.send(
        b'{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call","params":'
        b'{"name":"nope","name":"u1-t1","arguments":{"x":1},"arguments":{"r":"eu"}}}'
    )
    sent = endpoint.upstreams.last
    assert sent.params == {"name": b'"t1"', "arguments": b'{"r":"eu"}'}


def test_a_body_over_4_mib_is_413_before_it_is_read() -> None:
    lines = [(b"content-length", str(4 * 1024 * 1024 + 1).encode())]
    exchange = RecordingExchange("POST", "/mcp", lines)
    assert mcp_body(exchange) is None
    assert (exchange.status, answer_of(exchange)["error"]["code"]) == (413, INVALID)
