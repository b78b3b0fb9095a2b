"""Calls of one tool under one head, by the long way and by their shortcut, between any two eras."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from typing_extensions import override

from mcpgateway.common import jsonrpc
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.routing.model import Record
from mcpgateway.common.runtime.http.call import Call as HttpCall
from mcpgateway.common.runtime.http.call import RepeatedHead
from mcpgateway.common.runtime.http.exchange import Exchange, Shortcut, Taken
from mcpgateway.common.runtime.http.head_prediction import pattern_of
from mcpgateway.data_plane.edge.callers import Callers
from mcpgateway.data_plane.edge.mcp import McpEndpoint
from mcpgateway.data_plane.parked.bucket import OwnStore
from mcpgateway.data_plane.parked.owners import Alone
from mcpgateway.data_plane.parked.session_state import SessionStates
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator, Unsealer
from mcpgateway.data_plane.pipeline.compose import compose
from mcpgateway.data_plane.pipeline.counted import Calls
from mcpgateway.data_plane.pipeline.handling.handled_upstreams import HandledUpstreams
from mcpgateway.data_plane.pipeline.local import Local
from mcpgateway.data_plane.pipeline.own.own import Own
from mcpgateway.data_plane.pipeline.pages import Pages
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.shortcuts.short_clients import ShortClients
from mcpgateway.data_plane.pipeline.shortcuts.short_list import ShortLists
from mcpgateway.data_plane.pipeline.shortcuts.shortcut import Shortcuts
from mcpgateway.data_plane.pipeline.upstream_auth.credentials import Credentials
from mcpgateway.data_plane.upstreams.clients import UpstreamClients
from support.endpoint import (
    JSON_HEADERS,
    KEYS,
    META,
    Endpoint,
    bearer,
    mirrored,
    token,
)
from support.exchange import RecordingExchange
from support.http_client import FakeHttp, Sent
from support.registries import tool, upstream

HEAD = b"HTTP/1.1 %d OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
SHORT_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


class Kind(NamedTuple):
    """`client` is "modern", "session" (legacy), or "lone" (legacy, without one)."""

    client: str
    upstream: str

    @override
    def __str__(self) -> str:
        return f"{self.client}-{self.upstream}"

    @property
    def renumbers(self) -> bool:
        return self.upstream == "legacy" and self.client != "session"


MODERN = Kind("modern", "modern")
IN_SESSIONS = Kind("session", "legacy")
KINDS = (
    MODERN,
    Kind("modern", "legacy"),
    IN_SESSIONS,
    Kind("session", "modern"),
    Kind("lone", "legacy"),
    Kind("lone", "modern"),
)


class Connection(RecordingExchange):
    """An exchange that keeps the shortcut of its head."""

    shortcut: Shortcut | None = None

    @override
    def repeat_by(self, shortcut: Shortcut) -> None:
        Connection.shortcut = shortcut


class RecordingTurn:
    """`lost` before an exchange is asked for: then that is gone."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.became: RecordingExchange | None = None
        self.lost = False

    def answer(self, head: bytes, body: bytes) -> None:
        assert head == SHORT_HEAD
        assert not self.lost
        self.answers.append(body)

    def answer_pieces(self, head: bytes, pieces: Sequence[bytes]) -> None:
        self.answer(head, b"".join(pieces))

    def exchange(self) -> Exchange:
        assert self.became is None
        self.became = RecordingExchange()
        self.became.gone = self.lost
        return self.became


class Rig:
    """`send` goes the long way, `take` asks the shortcut."""

    def __init__(self, *records: Record, kind: Kind = MODERN, declared: Any = None) -> None:
        known = upstream("u", era=kind.upstream, capabilities=b'{"tools":{},"logging":{}}')
        self.kind = kind
        self.records = records or (known, tool("one", "u"), tool("two", "u"))
        states = SessionStates(OwnStore(), Alone("replica-1"), lambda: 0.0)
        self.parts = parts = Endpoint(self.records, states=states)
        self.states = states
        self.http = FakeHttp()
        self.calls = Calls(Registry(), lambda: 0.0)
        self.clients = clients = UpstreamClients(self.http)
        unsealer = Unsealer(KEYS.wire, "local", "default")
        short = ShortClients(parts.conversations, parts.inflight)
        asked = HandledUpstreams(clients, parts.conversations.tools)
        remote = Remote(
            asked,
            Credentials(unsealer),
            parts.inflight,
            parts.conversations,
            self.calls,
            Shortcuts(parts.tables, clients, short, parts.clock, asked.send),
        )
        local = Local(parts.sessions, Pages(parts.conversations.handles), "1")
        own = Own(parts.conversations.renderer, remote, "1")
        lists = ShortLists(parts.tables, short, parts.clock)
        self.endpoint = McpEndpoint(
            Callers(parts.tables, Authenticator(unsealer, parts.clock)),
            parts.sessions,
            parts.inflight,
            compose(local, remote, own, parts.conversations.listening, short_lists=lists),
            parts.conversations,
            clients.end_session,
        )
        self.notes: dict[str, Any] = {}
        self.lines = [*JSON_HEADERS, bearer(token())]
        Connection.shortcut = None
        if kind.client == "modern":
            self.lines += mirrored("tools/call", {"name": "u-one"})
        else:
            self.lines.append((b"mcp-protocol-version", b"2025-11-25"))
        self.session = b""
        if kind.client == "session":
            self._open_session(declared or {})

    def _open_session(self, declared: Any) -> None:
        params = {"protocolVersion": "2025-11-25", "capabilities": declared, "clientInfo": {}}
        exchange = self.send(jsonrpc.request(0, "initialize", json.dumps(params).encode()))
        self.session = exchange.sent_headers[b"mcp-session-id"]
        self.lines.append((b"mcp-session-id", self.session))
        self.notes = {}

    def send(self, body: bytes, method: str = "POST") -> RecordingExchange:
        exchange = Connection(method, "/mcp", self.lines, body)
        exchange.notes = self.notes
        self.endpoint.handle(exchange, "")
        self.open()
        return exchange

    def open(self) -> None:
        """Play the upstream's part of a handshake that is under way."""
        while sent := self.http.sent[-1:]:
            if sent[0].request_line.startswith("GET"):
                self.http.sent.pop().respond(405, "text/plain")
                continue
            if not sent[0].body:
                return
            match sent[0].message.get("method"):
                case "initialize":
                    agreed = {"protocolVersion": "2025-11-25", "capabilities": {"logging": {}}}
                    sent[0].result(agreed, (b"mcp-session-id", b"up-%d" % len(self.http.sent)))
                case "notifications/initialized":
                    sent[0].respond(202, "")
                case _:
                    return

    def learn(self, body: bytes = b"") -> Shortcut:
        """Calls the long way; the first shows that a modern upstream types its results."""
        for _ in range(3):
            self.send(body or self.call())
            self.http.sent[-1].result(self.result)
        assert Connection.shortcut is not None
        return Connection.shortcut

    def take(self, body: bytes, turn: RecordingTurn | None = None) -> Taken | None:
        assert Connection.shortcut is not None
        return Connection.shortcut.take(body, turn or RecordingTurn())

    def run(self, body: bytes = b"") -> tuple[RecordingTurn, HttpCall]:
        turn = RecordingTurn()
        assert self.take(body or self.call(), turn) is not None
        return turn, self.http.ran[-1][1]

    def call(self, id: jsonrpc.Id = 7, method: str = "tools/call", **params: Any) -> bytes:
        good: dict[str, Any] = {"name": "u-one", "arguments": {"n": 1}}
        if self.kind.client == "modern":
            good["_meta"] = META
        return jsonrpc.request(id, method, json.dumps({**good, **params}).encode())

    @property
    def result(self) -> dict[str, Any]:
        return {"resultType": "complete"} if self.kind.upstream == "modern" else {}

    def outcomes(self) -> dict[str, float]:
        return {key[-1]: each.value for key, each in self.calls._total.items()}

    def under_way(self) -> tuple[int, int, int]:
        """Calls that count, that can be cancelled by message, that are in sessions at upstreams."""
        live = [*self.clients._legacy.sessions._live]
        return (
            sum(series.in_flight for series in self.calls._series.values()),
            len(self.parts.inflight),
            sum(session.calls for session in live),
        )


def whole(
    call: HttpCall, body: bytes, status: int = 200, kind: bytes = b"application/json"
) -> None:
    """A response that repeats its head."""
    data = HEAD % (status, kind, len(body)) + body
    headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body))]
    pattern = pattern_of(data, len(body), headers, 1_000)
    assert pattern is not None
    call.whole(RepeatedHead(status, headers, pattern), data, body)


def wire_id(request: Sent | HttpCall) -> Any:
    """Under which it went out."""
    return json.loads(request.body)["id"]
