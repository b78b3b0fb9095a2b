"""The Streamable HTTP endpoint of both eras: from an exchange to a Call, or to its refusal.

Rules, in this order: who calls, which server, is the body one JSON-RPC message, which era does
it speak, do its headers agree. Each failure has one answer. Nothing here talks to an upstream.
"""

from collections.abc import Callable
from functools import partial

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import envelope, headers
from mcpgateway.common.mcp.envelope import Meta, Problem
from mcpgateway.common.mcp.revisions import ASSUMED, LATEST_MODERN, LEGACY
from mcpgateway.common.mcp.session import Session, SessionError
from mcpgateway.common.routing.view import View
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.batches import Batches
from mcpgateway.data_plane.edge.body import NotJson, require_json
from mcpgateway.data_plane.edge.callers import Admission, Callers
from mcpgateway.data_plane.edge.challenges import lacking
from mcpgateway.data_plane.edge.event_streams import WITHDRAWN, EventStreams, refuse_session
from mcpgateway.data_plane.pipeline import answer, compose
from mcpgateway.data_plane.pipeline.call import Call, Caller
from mcpgateway.data_plane.pipeline.client_sessions import ClientSessions
from mcpgateway.data_plane.pipeline.conversations import Conversations
from mcpgateway.data_plane.pipeline.forms import MESSAGE
from mcpgateway.data_plane.pipeline.inflight import InFlight
from mcpgateway.data_plane.pipeline.offered import revisions

ALLOW = (b"allow", b"GET, POST, DELETE")
_META, _CHECKED = "meta", "checked"  # in the notes of an exchange
_NOTED_SIZE = 1024  # bytes of what a client may have noted of a body


class McpEndpoint:
    """Serves `/mcp` and `/servers/{id}/mcp`."""

    def __init__(
        self,
        callers: Callers,
        sessions: ClientSessions,
        inflight: InFlight,
        routes: compose.Routes,
        conversations: Conversations,
        on_end: Callable[[str], None],
    ) -> None:
        """`on_end` hears the ids of sessions that their clients ended."""
        self._callers = callers
        self._sessions = sessions
        self._inflight = inflight
        self._routes = routes
        self._askers = conversations.askers
        self._streams = EventStreams(callers, conversations, sessions)
        self._batches = Batches(sessions, routes, inflight, conversations)
        self._on_end = on_end

    def handle(self, exchange: Exchange, server: str) -> None:
        """`server` is the virtual server's id, "" for everything that the caller may see."""
        try:
            admission = self._callers.admit(exchange, server)
        except GatewayError as error:
            self._callers.refuse(exchange, error)
            return
        if self._waits(exchange, server, admission):
            return
        if exchange.method == "POST":
            self._post(exchange, admission)
        elif exchange.method == "DELETE":
            self._delete(exchange, admission.caller, admission.view)
        elif exchange.method == "GET":
            self._streams.get(exchange, admission)
        else:
            message = f"{exchange.method} is not served here; use POST"
            errors.refuse(exchange, 405, "method_not_allowed", message, (ALLOW,))

    def _waits(self, exchange: Exchange, server: str, admission: Admission) -> bool:
        """Whether it has to be handled again when this replica knows what changed in its session:
        with the first request that a session sends to a replica that did not make it."""
        text = admission.lines.get(headers.SESSION_ID)
        if text is None:
            return False
        again = partial(self.handle, exchange, server)
        server_id, caller = admission.view.server_id, admission.caller
        return self._sessions.waits(text.decode("latin-1"), server_id, caller, again)

    def _post(self, exchange: Exchange, admission: Admission) -> None:
        try:
            require_json(admission.lines)
            if exchange.body[:1] == b"[":
                self._batches.take(exchange, admission)
                return
            frame = jsonrpc.decode_frame(exchange.body)
        except NotJson as error:
            errors.refuse_with(exchange, error)
            return
        except jsonrpc.FrameError as error:
            answer.refuse_message(exchange, error.id, Problem(error.code, error.message))
            return
        post = _Post(exchange, admission, frame)
        if post.era == "modern":
            self._modern(post)
        else:
            self._legacy(post)

    def _modern(self, post: "_Post") -> None:
        exchange, frame = post.exchange, post.frame
        if not isinstance(frame.method, str):
            problem = Problem(jsonrpc.INVALID_REQUEST, "clients send no responses in 2026-07-28")
            answer.refuse_message(exchange, None, problem)
            return
        if frame.id is msgspec.UNSET or frame.id is None:
            # Over HTTP the core protocol has no client notifications: taken and dropped.
            version = post.lines.get(headers.PROTOCOL_VERSION)
            problem_or_none = envelope.check_modern_notification(post.meta, version)
            _acknowledge(exchange, problem_or_none)
            return
        found = _check_modern(post, frame.method)
        if found is not None:
            answer.refuse_message(exchange, frame.id, found)
            return
        if self._lacks(post, frame.method):
            return
        compose.serve(self._routes, post.call(frame.id, frame.method, LATEST_MODERN))

    def _legacy(self, post: "_Post") -> None:
        exchange, frame = post.exchange, post.frame
        version = post.lines.get(headers.PROTOCOL_VERSION)
        problem = envelope.check_version_header(version)
        if problem is not None:
            shown = frame.id if isinstance(frame.id, int | str) else None
            answer.refuse_message(exchange, shown, problem)
            return
        try:
            session = self._session(post)
        except SessionError as error:
            refuse_session(exchange, str(error))
            return
        if session is not None and session.revision not in revisions(post.admission.view):
            refuse_session(exchange, WITHDRAWN)
            return
        if not isinstance(frame.method, str):
            caller, server = post.admission.caller, post.admission.view.server_id
            self._askers.replied(exchange, server, caller.key, frame)
        elif frame.id is msgspec.UNSET or frame.id is None:
            self._notified(session, frame)
            answer.accept(exchange)
        elif not self._lacks(post, frame.method):
            revision = _revision(session, version)
            compose.serve(self._routes, post.call(frame.id, frame.method, revision, session))

    def _lacks(self, post: "_Post", method: str) -> bool:
        """Whether the token's scope leaves too little for the method; refuses then."""
        scope = post.admission.caller.subject.scope
        lack = None if scope.permissions is None else lacking(scope, method)
        if lack is not None:
            self._callers.refuse(post.exchange, lack)
        return lack is not None

    def _session(self, post: "_Post") -> Session | None:
        """None without an id: such a request is served without a session. Raises SessionError."""
        text = post.lines.get(headers.SESSION_ID)
        if text is None or post.frame.method == "initialize":
            return None
        server, caller = post.admission.view.server_id, post.admission.caller
        return self._sessions.open(text.decode("latin-1"), server, caller)

    def _notified(self, session: Session | None, frame: jsonrpc.Frame) -> None:
        if session is not None:
            self._inflight.notified(session.id, frame)

    def _delete(self, exchange: Exchange, caller: Caller, view: View) -> None:
        text = exchange.header(headers.SESSION_ID)
        if text is None:
            message = "DELETE ends a session: Mcp-Session-Id must name it"
            errors.refuse(exchange, 400, "invalid_call", message)
            return
        try:
            session = self._sessions.open(text.decode("latin-1"), view.server_id, caller)
        except SessionError as error:
            refuse_session(exchange, str(error))
            return
        self._on_end(session.id)
        self._sessions.end(session, partial(exchange.respond, 204, ()))


class _Post:
    """One decoded POST and what it was decoded under."""

    __slots__ = ("admission", "era", "exchange", "frame", "lines", "meta", "params")

    def __init__(self, exchange: Exchange, admission: Admission, frame: jsonrpc.Frame) -> None:
        self.exchange = exchange
        self.admission = admission
        self.lines = admission.lines
        self.frame = frame
        self.params: jsonrpc.Params = frame.params if isinstance(frame.params, dict) else {}
        self.meta = _meta(exchange, self.params)
        method = frame.method if isinstance(frame.method, str) else None
        self.era = envelope.era_of(method, self.meta, self.lines.get(headers.PROTOCOL_VERSION))

    def call(
        self, id: jsonrpc.Id, method: str, revision: str, session: Session | None = None
    ) -> Call:
        table, caller, view, _ = self.admission
        return Call(
            exchange=self.exchange,
            table=table,
            view=view,
            caller=caller,
            era=self.era,
            revision=revision,
            id=id,
            method=method,
            params=self.params,
            meta=self.meta,
            form=MESSAGE,
            session=session,
        )


def _check_modern(post: _Post, method: str) -> Problem | None:
    if len(post.lines) != len(post.exchange.headers):
        problem = envelope.duplicated(post.exchange.headers)
        if problem is not None:
            return problem
    return _checked_envelope(post, method)


def _meta(exchange: Exchange, params: jsonrpc.Params) -> Meta | None:
    """`params._meta`, which most clients repeat from request to request."""
    raw = params.get("_meta")
    noted: tuple[msgspec.Raw, Meta] | None = exchange.notes.get(_META)
    if noted is not None and noted[0] == raw:
        return noted[1]
    meta = envelope.read_meta(params)
    if raw is not None and meta is not None and len(bytes(raw)) <= _NOTED_SIZE:
        exchange.notes[_META] = (raw.copy(), meta)
    return meta


def _checked_envelope(post: _Post, method: str) -> Problem | None:
    """Headers and `_meta` that agreed in a request before need not be compared again: what is
    found right is noted by method and name."""
    member = headers.NAMED_BY.get(method)
    raw = None if member is None else post.params.get(member)
    about = (method, None if raw is None else bytes(raw))
    noted: tuple[Meta | None, tuple[str, bytes | None]] | None = post.exchange.notes.get(_CHECKED)
    if noted is not None and noted[0] is post.meta and noted[1] == about:
        return None
    problem = envelope.check_modern(method, post.params, post.meta, post.lines)
    if problem is None and len(about[1] or b"") <= _NOTED_SIZE:
        post.exchange.notes[_CHECKED] = (post.meta, about)
    return problem


def _acknowledge(exchange: Exchange, problem: Problem | None) -> None:
    if problem is None:
        answer.accept(exchange)
    else:
        answer.refuse_message(exchange, None, problem)


def _revision(session: Session | None, version: bytes | None) -> str:
    """What the session agreed on; without one, what the header says."""
    if session is not None:
        return session.revision
    named = ASSUMED if version is None else version.decode("latin-1")
    return named if named in LEGACY else ASSUMED
