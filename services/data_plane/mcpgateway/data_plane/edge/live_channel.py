"""One connected client of the legacy era whose messages and answers go over a line of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.envelope import Problem, era_of, read_meta
from mcpgateway.common.mcp.revisions import LEGACY
from mcpgateway.common.mcp.session import Session
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge.callers import Admission
from mcpgateway.data_plane.edge.event_streams import standing_call
from mcpgateway.data_plane.pipeline import compose
from mcpgateway.data_plane.pipeline.answer import error_body
from mcpgateway.data_plane.pipeline.asking.legacy import LegacyAskers
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.channels.channel_form import ChannelForm
from mcpgateway.data_plane.pipeline.channels.line import Line
from mcpgateway.data_plane.pipeline.client_sessions import ClientSessions
from mcpgateway.data_plane.pipeline.inflight import InFlight
from mcpgateway.data_plane.pipeline.listening.listening import Listening

_MODERN = Problem(
    jsonrpc.UNSUPPORTED_PROTOCOL_VERSION,
    "revisions without sessions are served by POST alone, not on this transport",
    data={"supported": list(LEGACY)},
)


@dataclass(frozen=True, slots=True)
class ChannelParts:
    """What all channels use. `on_end` hears the ids of sessions that ended."""

    sessions: ClientSessions
    routes: compose.Routes
    inflight: InFlight
    askers: LegacyAskers
    listening: Listening
    on_end: Callable[[str], None]


MOST_CALLS = 1_000  # under way at once; one more is refused
_BUSY = Problem(jsonrpc.INTERNAL_ERROR, f"{MOST_CALLS} calls of this connection are under way")

Admit = Callable[[], Admission | None]


class LiveChannel:
    """`revision` is taken for the client's until `initialize` settles it. `admit` decides anew who
    is at the other end; `leave` closes the line."""

    def __init__(
        self,
        parts: ChannelParts,
        line: Line,
        revision: str,
        admit: Admit,
        leave: Callable[[], None],
    ) -> None:
        self._parts = parts
        self._line = line
        self._admit = admit
        self.close = leave
        self._stopped: Callable[[], None] = _nothing
        self._revision = revision
        self._session: Session | None = None
        self._sealed = ""
        self._form = ChannelForm(line, parts.askers, self._agreed)

    def take(self, exchange: Exchange, admission: Admission, frame: jsonrpc.Frame) -> None:
        """One message of the client, which came with (or under) an exchange."""
        server, caller = admission.view.server_id, admission.caller
        if self._sealed:
            self._begin(exchange, admission)
        if not isinstance(frame.method, str):
            self._parts.askers.heard(server, caller.key, frame)
        elif not isinstance(frame.id, int | str):
            self._notified(frame)
        else:
            self._asked(exchange, admission, frame, frame.id)

    def malformed(self, error: jsonrpc.FrameError) -> None:
        """What came is no message."""
        self._line.answer(error_body(error.id, Problem(error.code, error.message)))

    def send(self, message: bytes) -> None:
        """What belongs to no call."""
        self._line.tell(message)

    def closed(self) -> None:
        """The line is gone: its session was this connection."""
        self._form.close()
        self._stopped()
        if self._session is not None:
            self._parts.on_end(self._session.id)

    def _asked(
        self, exchange: Exchange, admission: Admission, frame: jsonrpc.Frame, id: jsonrpc.Id
    ) -> None:
        method = str(frame.method)
        params: jsonrpc.Params = frame.params if isinstance(frame.params, dict) else {}
        meta = read_meta(params)
        if era_of(method, meta, None) == "modern":
            self._line.answer(error_body(id, _MODERN))
            return
        if self._form.under_way >= MOST_CALLS:
            self._line.answer(error_body(id, _BUSY))
            return
        session = self._session
        call = Call(
            exchange=exchange,
            table=admission.table,
            view=admission.view,
            caller=admission.caller,
            era="legacy",
            revision=self._revision if session is None else session.revision,
            id=id,
            method=method,
            params=params,
            meta=meta,
            form=self._form,
            session=session,
        )
        compose.serve(self._parts.routes, call)

    def _notified(self, frame: jsonrpc.Frame) -> None:
        if self._session is not None:
            self._parts.inflight.notified(self._session.id, frame)

    def _begin(self, exchange: Exchange, admission: Admission) -> None:
        """The session that `initialize` made; it is told from now on what belongs to no call."""
        server, caller = admission.view.server_id, admission.caller
        session = self._session = self._parts.sessions.open(self._sealed, server, caller)
        self._sealed = ""
        self._stopped()
        call = standing_call(exchange, admission, session)
        self._stopped = self._parts.listening.stand(call, self, partial(self._recall, exchange))

    def _recall(self, exchange: Exchange) -> Call | None:
        admission, session = self._admit(), self._session
        if admission is None or session is None:
            return None
        return standing_call(exchange, admission, session)

    def _agreed(self, sealed: str) -> None:
        """Opened with the next message, which says again who calls."""
        self._sealed = sealed


def read_message(body: bytes) -> jsonrpc.Frame:
    """Raises FrameError."""
    if body.lstrip()[:1] == b"[":
        problem = "batches are not taken on this transport"
        raise jsonrpc.FrameError(jsonrpc.INVALID_REQUEST, problem)
    return jsonrpc.decode_frame(body)


def _nothing() -> None:
    """Nothing was begun."""
