"""Shortcuts of calls: what they take goes out and comes back as on the long way, the rest they
leave."""

import gc
import json
import weakref
from typing import Any

import pytest
from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import Unavailable, UpstreamTimeout
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.routing.model import Credential, Record
from mcpgateway.common.runtime.http.call import Call as HttpCall
from mcpgateway.common.runtime.http.call import RepeatedHead
from mcpgateway.common.runtime.http.client import Origin
from mcpgateway.common.runtime.http.exchange import Exchange, Shortcut, Taken
from mcpgateway.common.runtime.http.head_prediction import pattern_of
from mcpgateway.data_plane.edge.callers import Callers
from mcpgateway.data_plane.edge.mcp import McpEndpoint
from mcpgateway.data_plane.pipeline.authenticate import Authenticator, Unsealer
from mcpgateway.data_plane.pipeline.compose import compose
from mcpgateway.data_plane.pipeline.counted import Calls
from mcpgateway.data_plane.pipeline.credentials import Credentials
from mcpgateway.data_plane.pipeline.local import Local
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.shortcut import ShortCall, Shortcuts
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from support.endpoint import (
    JSON_HEADERS,
    KEYS,
    META,
    NOW,
    USER,
    Endpoint,
    bearer,
    mirrored,
    signing_key,
    token,
    wire_sealed,
)
from support.exchange import RecordingExchange
from support.http_client import FakeHttp
from support.registries import tool, upstream

GOOD: dict[str, Any] = {"name": "u-one", "arguments": {"n": 1}, "_meta": META}
RESULT = b'{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete","content":[ ]}}'
HEAD = b"HTTP/1.1 %d OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"


class Connection(RecordingExchange):
    """An exchange that keeps the shortcut of its head."""

    shortcut: Shortcut | None = None

    @override
    def repeat_by(self, shortcut: Shortcut) -> None:
        Connection.shortcut = shortcut


class RecordingTurn:
    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.became: RecordingExchange | None = None

    def answer(self, head: bytes, body: bytes) -> None:
        assert head == b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
        self.answers.append(body)

    def exchange(self) -> Exchange:
        assert self.became is None
        self.became = RecordingExchange()
        return self.became


class Rig:
    """Calls of one tool under one head: `send` goes the long way, `take` asks the shortcut."""

    def __init__(self, *records: Record) -> None:
        self.records = records or (upstream("u"), tool("one", "u"), tool("two", "u"))
        self.parts = parts = Endpoint(self.records)
        self.http = FakeHttp()
        self.calls = Calls(Registry(), lambda: 0.0)
        clients = UpstreamClients(self.http)
        unsealer = Unsealer(KEYS.wire, "local", "default")
        remote = Remote(
            clients,
            Credentials(unsealer),
            parts.inflight,
            parts.conversations,
            self.calls,
            Shortcuts(parts.tables, clients, parts.clock),
        )
        self.endpoint = McpEndpoint(
            Callers(parts.tables, Authenticator(unsealer, parts.clock)),
            parts.sessions,
            parts.inflight,
            compose(Local(parts.sessions, "1"), remote, parts.conversations.listening),
            parts.conversations,
            clients.end_session,
        )
        self.notes: dict[str, Any] = {}
        self.lines = [*JSON_HEADERS, bearer(token()), *mirrored("tools/call", GOOD)]
        Connection.shortcut = None

    def send(self, body: bytes) -> RecordingExchange:
        exchange = Connection("POST", "/mcp", self.lines, body)
        exchange.notes = self.notes
        self.endpoint.handle(exchange, "")
        return exchange

    def learn(self) -> Shortcut:
        """Two calls the long way, the first of which shows that the upstream types its results."""
        for _ in range(3):
            self.send(call())
            self.http.sent[-1].result({"resultType": "complete"})
        assert Connection.shortcut is not None
        return Connection.shortcut

    def take(self, body: bytes, turn: RecordingTurn | None = None) -> Taken | None:
        assert Connection.shortcut is not None
        return Connection.shortcut.take(body, turn or RecordingTurn())

    def run(self, body: bytes = b"") -> tuple[RecordingTurn, HttpCall]:
        turn = RecordingTurn()
        assert self.take(body or call(), turn) is not None
        return turn, self.http.ran[-1][1]

    def outcomes(self) -> dict[str, float]:
        return {key[-1]: each.value for key, each in self.calls._total.items()}


def call(id: jsonrpc.Id = 7, method: str = "tools/call", **params: Any) -> bytes:
    return jsonrpc.request(id, method, json.dumps({**GOOD, **params}).encode())


def whole(
    call: HttpCall, body: bytes, status: int = 200, kind: bytes = b"application/json"
) -> None:
    """A response that repeats its head."""
    data = HEAD % (status, kind, len(body)) + body
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    pattern = pattern_of(data, len(body), headers, 1_000)
    assert pattern is not None
    call.whole(RepeatedHead(status, headers, pattern), data, body)


@pytest.fixture
async def rig() -> Rig:
    rig = Rig()
    rig.learn()
    return rig


BODIES = [
    call(),
    call("a string"),
    call(arguments={"text": "é\U0001f600", "deep": [{"a": [1.10, None]}]}),
    call(extra={"kept": True}),
    call().replace(b'"id":7', b'"id" : 7 , "x":1'),
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"?","_meta":{},'
    b'"arguments":{"a":1,"a":2},"name":"u-one","_meta":%b}}' % json.dumps(META).encode(),
]


@pytest.mark.parametrize("body", BODIES)
async def test_what_goes_out_is_byte_for_byte_what_the_long_way_sends(
    rig: Rig, body: bytes
) -> None:
    rig.send(body)
    long_way = rig.http.sent[-1]
    assert rig.take(body) is not None
    origin, short = rig.http.ran[-1]
    assert origin == long_way.origin
    assert (short.head, short.body) == (long_way.head, long_way.body)
    assert (short.safe, short.timeouts) == (long_way.safe, long_way.timeouts)


async def test_credentials_and_passed_headers_go_along() -> None:
    sealed = wire_sealed("credential", "c", b'[["X-Key","secret"]]')
    known = upstream("u", credential="c", passthrough_headers=("X-Tenant",))
    rig = Rig(known, tool("one", "u"), Credential("c", sealed))
    rig.lines.append((b"x-tenant", b"blue"))
    rig.learn()
    _, short = rig.run()
    assert b"x-key: secret\r\nx-tenant: blue\r\n" in short.head


async def test_a_head_that_names_a_session_is_given_no_shortcut() -> None:
    rig = Rig()
    rig.lines.append((b"mcp-session-id", b"s"))
    with pytest.raises(AssertionError):
        rig.learn()
    assert Connection.shortcut is None


LEFT = [
    call(name="u-two"),
    call(_meta={**META, "x": 1}),
    call(_meta={}),
    call(method="prompts/get"),
    call().replace(b'"id":7,', b""),
    call().replace(b'"id":7', b'"id":null'),
    call().replace(b'"id":7', b'"id":1.5'),
    call().replace(b'"2.0"', b'"1.0"'),
    call().replace(b"u-one", b"u-\xffne"),
    call()[:-1],
    b"[%b]" % call(),
    b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[]}',
    b'{"jsonrpc":"2.0","id":7,"method":"tools/call"}',
    b'{"jsonrpc":"2.0","id":7,"result":{}}',
    b"",
]


@pytest.mark.parametrize("body", LEFT)
async def test_any_other_message_is_left_to_the_long_way(rig: Rig, body: bytes) -> None:
    assert rig.take(body) is None
    assert rig.http.ran == []


async def test_nothing_is_taken_under_another_table_even_an_equal_one(rig: Rig) -> None:
    rig.parts.put(USER, signing_key(), *rig.records)
    assert rig.take(call()) is None


async def test_nothing_is_taken_once_the_credentials_have_expired(rig: Rig) -> None:
    rig.parts.clock.now = NOW + 3599
    assert rig.take(call()) is not None
    rig.parts.clock.now = NOW + 3600
    assert rig.take(call()) is None


async def test_a_shortcut_is_made_anew_under_a_new_table(rig: Rig) -> None:
    old = Connection.shortcut
    assert rig.take(call()) is not None
    rig.parts.put(USER, signing_key(), *rig.records)
    rig.learn()
    assert Connection.shortcut is not old
    assert rig.take(call()) is not None


async def test_a_shortcut_keeps_no_old_table_in_memory(rig: Rig) -> None:
    old = weakref.ref(rig.parts.tables.current)
    rig.run()
    rig.parts.put(USER, signing_key(), *rig.records)
    gc.collect()
    assert old() is None


async def test_a_plain_answer_goes_back_untouched(rig: Rig) -> None:
    turn, short = rig.run()
    whole(short, RESULT)
    assert turn.answers == [RESULT]
    assert turn.became is None
    assert rig.outcomes() == {"ok": 4}


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (500, b"text/plain", b"oops"),
        (404, b"application/json", b'{"jsonrpc":"2.0","id":7,"error":{"code":-32601}}'),
        (200, b"text/html", b"<html>"),
        (200, b"application/json", b""),
        (200, b"application/json", RESULT[:-2]),
        (200, b"text/event-stream", b"data: " + RESULT + b"\n\n"),
    ],
)
async def test_any_other_answer_is_what_it_is_on_the_long_way(
    rig: Rig, status: int, kind: bytes, body: bytes
) -> None:
    long_way = rig.send(call())
    rig.http.sent[-1].respond(status, kind.decode(), body)
    turn, short = rig.run()
    whole(short, body, status, kind)
    assert turn.became is not None
    assert (turn.became.status, turn.became.answer) == (long_way.status, long_way.answer)
    assert turn.answers == []


async def test_a_call_that_fails_is_answered_as_on_the_long_way(rig: Rig) -> None:
    long_way = rig.send(call())
    rig.http.sent[-1].fail(UpstreamTimeout("it did not answer"))
    turn, short = rig.run()
    short.failed(UpstreamTimeout("it did not answer"))
    assert turn.became is not None
    assert (turn.became.status, turn.became.answer) == (long_way.status, long_way.answer)
    assert rig.outcomes()[UpstreamTimeout.code] == 2


async def test_a_client_that_leaves_cancels_its_call(rig: Rig) -> None:
    turn, short = rig.run()
    assert isinstance(short, ShortCall)
    short.left()
    assert short.over
    whole(short, RESULT)
    assert (turn.answers, turn.became) == ([], None)
    assert rig.outcomes()["cancelled"] == 1


async def test_a_closed_http_client_is_the_long_ways_business(rig: Rig) -> None:
    def closed(origin: Origin, call: HttpCall) -> None:
        raise Unavailable("closed")

    rig.http.run = closed  # type: ignore[method-assign]  # one behaviour of a fake
    assert rig.take(call()) is None
    assert rig.outcomes() == {"ok": 3}


async def test_heads_whose_bodies_never_fit_are_given_shortcuts_ever_more_rarely(rig: Rig) -> None:
    made = set()
    for number in range(100):
        rig.send(call(_meta={**META, "n": number}))
        made.add(Connection.shortcut)
    assert len(made) < 10
