"""An MCP endpoint made of real parts over a table built directly and recording upstreams."""

import itertools
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.jwk import OctKey

from mcpgateway.common import jsonrpc
from mcpgateway.common.keys import DataPlaneKeys
from mcpgateway.common.mcp.headers import NAMED_BY, encode_value
from mcpgateway.common.mcp.revisions import (
    META_CLIENT_CAPABILITIES,
    META_PROTOCOL_VERSION,
    V2026_07_28,
)
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.routing.build import build
from mcpgateway.common.routing.delta import apply
from mcpgateway.common.routing.model import Delta, Key, Kind, Principal, Record, SigningKey
from mcpgateway.common.routing.sealing import wire_context
from mcpgateway.data_plane.edge.app import Endpoints
from mcpgateway.data_plane.edge.callers import Callers
from mcpgateway.data_plane.edge.channels import Channels
from mcpgateway.data_plane.edge.live_channel import ChannelParts
from mcpgateway.data_plane.edge.mcp import McpEndpoint
from mcpgateway.data_plane.edge.plain_tools import PlainTools
from mcpgateway.data_plane.edge.protocol import ProtocolEndpoint
from mcpgateway.data_plane.edge.read_through import ReadThrough
from mcpgateway.data_plane.edge.routes import resolve
from mcpgateway.data_plane.edge.rpc import RpcEndpoint
from mcpgateway.data_plane.edge.tools_documents import ToolsDocuments
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.parked.session_state import SessionStates
from mcpgateway.data_plane.parked.task_journal import TaskJournal
from mcpgateway.data_plane.pipeline.admitting.authenticate import Authenticator, Unsealer
from mcpgateway.data_plane.pipeline.admitting.call_rules import CallRules
from mcpgateway.data_plane.pipeline.asking.unprompted import Unprompted
from mcpgateway.data_plane.pipeline.call import ANONYMOUS, Caller
from mcpgateway.data_plane.pipeline.client_sessions import ClientSessions
from mcpgateway.data_plane.pipeline.compose import compose, ruled
from mcpgateway.data_plane.pipeline.counted import Calls
from mcpgateway.data_plane.pipeline.decided import Decisions
from mcpgateway.data_plane.pipeline.handling.handled_upstreams import HandledUpstreams
from mcpgateway.data_plane.pipeline.inflight import InFlight
from mcpgateway.data_plane.pipeline.listening.updates import Updates
from mcpgateway.data_plane.pipeline.local import Local
from mcpgateway.data_plane.pipeline.own.own import Own
from mcpgateway.data_plane.pipeline.pages import PAGE, Pages
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.searching.catalogues import Catalogues
from mcpgateway.data_plane.pipeline.searching.listed import listed
from mcpgateway.data_plane.pipeline.searching.searching import Searching
from mcpgateway.data_plane.pipeline.tasks.keeper import Terms
from mcpgateway.data_plane.pipeline.tasks.methods import TaskMethods
from mcpgateway.data_plane.pipeline.tasks.rooms import TaskRooms
from mcpgateway.data_plane.pipeline.tasks.upstream_updates import UpstreamTaskUpdates
from mcpgateway.data_plane.pipeline.upstream_auth.credentials import Credentials
from mcpgateway.data_plane.table.holder import TableHolder
from support.conversations import conversations
from support.exchange import RecordingExchange
from support.upstreams import RecordingUpstreams

NOW = 1_800_000_000.0
SECRET = b"a-signing-secret-of-some-length!"
KEYS = DataPlaneKeys.derive(("an encryption secret",), "local", "default")
USER = Principal("ann@example.com", admin=True)
JSON_HEADERS = (
    (b"content-type", b"application/json"),
    (b"accept", b"application/json, text/event-stream"),
)
META = {META_PROTOCOL_VERSION: V2026_07_28, META_CLIENT_CAPABILITIES: {}}


def wire_sealed(kind: str, id: str, plain: bytes) -> bytes:
    context = wire_context(kind, "local", "default", id)
    return KEYS.wire.seal(plain, context, id.encode()[:12].ljust(12, b"\0"))


def signing_key(secret: bytes = SECRET, id: str = "jwt") -> SigningKey:
    return SigningKey(
        id,
        "HS256",
        wire_sealed("signing_key", id, secret),
        sealed=True,
        issuer="mcpgateway",
        audience="mcpgateway-api",
    )


def token(
    subject: str = USER.id, secret: bytes = SECRET, *, now: float = NOW, **claims: Any
) -> str:
    body = {
        "sub": subject,
        "iss": "mcpgateway",
        "aud": "mcpgateway-api",
        "iat": int(now),
        "exp": int(now) + 3600,
        "jti": "1",
        **claims,
    }
    return jwt.encode({"alg": "HS256"}, body, OctKey.import_key(secret), algorithms=["HS256"])


def bearer(text: str) -> tuple[bytes, bytes]:
    return (b"authorization", b"Bearer " + text.encode())


class Clock:
    """Seconds that a test sets."""

    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Endpoint:
    """`post` sends one message and returns the exchange. The caller is USER unless told."""

    def __init__(
        self,
        records: Iterable[Record] = (),
        upstreams: RecordingUpstreams | None = None,
        default: Caller = ANONYMOUS,
        owners: Owners | None = None,
        patience: float = 60.0,
        states: SessionStates | None = None,
        updates: Updates | None = None,
        page_size: int = PAGE,
        kept: tuple[TaskJournal, Terms] | None = None,
        catalogues: Catalogues | None = None,
    ) -> None:
        """`kept`: where tasks are kept and for how long; None: none are. `catalogues` None: tools
        are found by words alone."""
        self.clock = Clock()
        self.upstreams = upstreams or RecordingUpstreams()
        self.tables = TableHolder()
        self.put(USER, signing_key(), *records)
        unsealer = Unsealer(KEYS.wire, "local", "default")
        authenticator = Authenticator(unsealer, self.clock, default)
        numbers = itertools.count(1)
        self.conversations = conversations(
            owners, self.clock, patience, states, updates, kept, authenticator.still
        )
        if catalogues is not None:
            self.conversations = self.conversations._replace(catalogues=catalogues)
        self.tables.on_change(self.conversations.listening.table_changed)
        self.tables.on_change(self.conversations.catalogues.table_changed)
        self.sessions = ClientSessions(
            KEYS.sessions,
            ("local", "default"),
            self.conversations.states,
            self.clock,
            lambda size: next(numbers).to_bytes(size, "big"),
        )
        self.inflight = InFlight(self.conversations.owners, self.upstreams.roots_changed)
        self.registry = Registry()
        self.decisions = Decisions(lambda exchange: exchange.peer[0])
        calls = Calls(self.registry, decisions=self.decisions)
        handled = HandledUpstreams(self.upstreams, self.conversations.tools)
        tasks = TaskRooms.of(self.conversations.keeper, handled, calls)
        local = Local(
            self.sessions,
            Pages(self.conversations.handles, page_size),
            "1.2.3",
            tasks.offering,
            partial(listed, self.conversations.catalogues),
        )
        remote = Remote(
            handled,
            Credentials(unsealer),
            self.inflight,
            self.conversations,
            calls,
            tasks=tasks.conductor,
        )
        callers = Callers(self.tables, authenticator)
        names = self.conversations.keeper.names
        others = UpstreamTaskUpdates(self.tables, self.upstreams.watch_tasks, remote, names)
        methods = TaskMethods(tasks, self.conversations.owners, remote, others)
        own = Own(self.conversations.renderer, remote, "1.2.3")
        searching = Searching(self.conversations.catalogues, remote)
        composed = compose(
            local, remote, own, self.conversations.listening, methods, searching=searching
        )
        rules = CallRules(self.clock, lambda exchange: exchange.peer[0])
        remote.hold_to(rules.may)
        routes = ruled(composed, rules)
        self.endpoint = McpEndpoint(
            callers,
            self.sessions,
            self.inflight,
            routes,
            self.conversations,
            self.upstreams.end_session,
        )
        self.callers = callers
        unprompted = Unprompted(
            self.conversations.askers.askable, self.conversations.owners, patience, lambda: "e-1"
        )
        self.channel_parts = parts = ChannelParts(
            self.sessions,
            routes,
            self.inflight,
            self.conversations.askers,
            self.conversations.listening,
            self.upstreams.end_session,
        )
        self.channels = Channels(callers, self.conversations, parts, sockets=True)
        self.endpoints = Endpoints(
            self.endpoint,
            self.channels,
            RpcEndpoint(callers, routes, unprompted),
            ProtocolEndpoint(callers, routes, unprompted),
            ReadThrough(callers, routes),
            PlainTools(callers, routes, ToolsDocuments("1.0")),
        )

    def put(self, *records: Record) -> None:
        """The whole table from now on."""
        revision = self.tables.current.revision + 1
        self.tables.swap(build("a-registry", revision, records), None)

    def change(self, record: Record) -> None:
        """One resource is new, or another, from now on."""
        self._apply((record,), ())

    def remove(self, kind: Kind, id: str) -> None:
        self._apply((), (Key(kind, id),))

    def _apply(self, upserts: tuple[Record, ...], deletes: tuple[Key, ...]) -> None:
        table = self.tables.current
        delta = Delta("a-registry", table.revision, table.revision + 1, upserts, deletes)
        applied = apply(table, delta)
        self.tables.swap(applied.table, applied.touched)

    def send(
        self,
        body: bytes,
        server: str = "",
        headers: Iterable[tuple[bytes, bytes]] = (),
        *,
        method: str = "POST",
        authorization: str | None = None,
    ) -> RecordingExchange:
        """`authorization` None: USER's token; "": none."""
        lines = [*JSON_HEADERS, *headers]
        if authorization is None:
            lines.append(bearer(token()))
        elif authorization:
            lines.append((b"authorization", authorization.encode()))
        exchange = RecordingExchange(method, "/mcp", lines, body)
        self.endpoint.handle(exchange, server)
        return exchange

    def plain(
        self, method: str, path: str, body: Any = b"", *, authorization: str | None = None
    ) -> RecordingExchange:
        """A request to one of the rooms beside MCP; a body that is no bytes is sent as JSON."""
        sent = body if isinstance(body, bytes) else msgspec.json.encode(body)
        lines = [(b"content-type", b"application/json")]
        if authorization is None:
            lines.append(bearer(token()))
        elif authorization:
            lines.append((b"authorization", authorization.encode()))
        exchange = RecordingExchange(method, path, lines, sent)
        room, name = resolve(method, path)
        answer = {
            "rpc": lambda: self.endpoints.rpc.handle(exchange),
            "protocol": lambda: self.endpoints.protocol.handle(exchange, name),
            "prompt": lambda: self.endpoints.reading.prompt(exchange, name),
            "resource": lambda: self.endpoints.reading.resource(exchange, name),
            "tool": lambda: self.endpoints.tools.call(exchange, name),
            "tools-document": lambda: self.endpoints.tools.document(exchange, name),
        }
        answer[room]()
        return exchange

    def legacy(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        server: str = "",
        headers: Iterable[tuple[bytes, bytes]] = (),
        *,
        id: jsonrpc.Id = 1,
    ) -> RecordingExchange:
        return self.send(
            jsonrpc.request(id, method, msgspec.json.encode(params or {})), server, headers
        )

    def modern(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        server: str = "",
        headers: Iterable[tuple[bytes, bytes]] = (),
        *,
        id: jsonrpc.Id = 1,
        meta: Mapping[str, Any] | None = None,
        authorization: str | None = None,
    ) -> RecordingExchange:
        """`meta` is added to what every request has."""
        whole = {**(params or {}), "_meta": {**META, **(meta or {})}}
        body = jsonrpc.request(id, method, msgspec.json.encode(whole))
        lines = (*mirrored(method, whole), *headers)
        return self.send(body, server, lines, authorization=authorization)


def mirrored(method: str, params: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """The routing headers of a modern request."""
    lines = [(b"mcp-protocol-version", V2026_07_28.encode()), (b"mcp-method", method.encode())]
    member = NAMED_BY.get(method)
    if member is not None and member in params:
        lines.append((b"mcp-name", encode_value(params[member]).encode()))
    return lines


def answer_of(exchange: RecordingExchange) -> Any:
    """The JSON body of an exchange."""
    return msgspec.json.decode(exchange.answer)
