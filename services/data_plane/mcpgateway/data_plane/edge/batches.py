"""JSON-RPC batches, which exist in 2025-03-26 alone: split, run side by side, answered together."""

from functools import partial
from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import headers
from mcpgateway.common.mcp.envelope import Problem, read_meta
from mcpgateway.common.mcp.revisions import V2025_03_26
from mcpgateway.common.mcp.session import Session, SessionError
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge.callers import Admission
from mcpgateway.data_plane.edge.event_streams import refuse_session
from mcpgateway.data_plane.pipeline import answer, compose
from mcpgateway.data_plane.pipeline.answer import error_body
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.channels.batch_line import BatchLine, OpenStream
from mcpgateway.data_plane.pipeline.channels.channel_form import ChannelForm
from mcpgateway.data_plane.pipeline.client_sessions import ClientSessions
from mcpgateway.data_plane.pipeline.conversations import Conversations
from mcpgateway.data_plane.pipeline.inflight import InFlight

MAX_MESSAGES = 100
_messages = msgspec.json.Decoder(list[msgspec.Raw])
_FOREIGN = Problem(
    jsonrpc.INVALID_REQUEST, f"batches are of {V2025_03_26} alone: send one message in each POST"
)
_NO_INITIALIZE = Problem(jsonrpc.INVALID_REQUEST, "initialize must not be part of a batch")


class _Batch(NamedTuple):
    """`broken` are the responses to what is no message."""

    requests: list[jsonrpc.Frame]
    responses: list[jsonrpc.Frame]
    notifications: list[jsonrpc.Frame]
    broken: list[bytes]


class Batches:
    """Answers POSTs whose body is an array."""

    def __init__(
        self,
        sessions: ClientSessions,
        routes: compose.Routes,
        inflight: InFlight,
        conversations: Conversations,
    ) -> None:
        self._sessions = sessions
        self._routes = routes
        self._inflight = inflight
        self._conversations = conversations

    def take(self, exchange: Exchange, admission: Admission) -> None:
        """A batch may be handed over whole, to the replica that one of its responses is for."""
        try:
            session = self._session(admission)
            batch = _read(exchange.body)
        except SessionError as error:
            refuse_session(exchange, str(error))
            return
        except jsonrpc.FrameError as error:
            answer.refuse_message(exchange, None, Problem(error.code, error.message))
            return
        if not _allowed(session, admission.lines.get(headers.PROTOCOL_VERSION)):
            answer.refuse_message(exchange, None, _FOREIGN)
            return
        server, caller = admission.view.server_id, admission.caller.key
        askers = self._conversations.askers
        for response in batch.responses:
            owner = askers.owner(server, caller, response)
            if owner not in ("", self._conversations.handles.replica):
                gone = partial(self._run, exchange, admission, session, batch)
                self._conversations.owners.hand_over(exchange, owner, gone)
                return
        self._run(exchange, admission, session, batch)

    def _run(
        self, exchange: Exchange, admission: Admission, session: Session | None, batch: _Batch
    ) -> None:
        server, caller = admission.view.server_id, admission.caller
        for response in batch.responses:
            self._conversations.askers.heard(server, caller.key, response)
        for notification in batch.notifications:
            if session is not None:
                self._inflight.notified(session.id, notification)
        count = len(batch.requests) + len(batch.broken)
        if not count:
            answer.accept(exchange)
            return
        line = BatchLine(exchange, count, self._stream_of(admission, session))
        form = ChannelForm(line, self._conversations.askers)
        for broken in batch.broken:
            line.answer(broken)
        for request in batch.requests:
            self._request(_call(exchange, admission, session, request, form))

    def _request(self, call: Call) -> None:
        if call.method == "initialize":
            call.form.refuse(call, _NO_INITIALIZE)
        else:
            compose.serve(self._routes, call)

    def _session(self, admission: Admission) -> Session | None:
        text = admission.lines.get(headers.SESSION_ID)
        if text is None:
            return None
        server, caller = admission.view.server_id, admission.caller
        return self._sessions.open(text.decode("latin-1"), server, caller)

    def _stream_of(self, admission: Admission, session: Session | None) -> OpenStream | None:
        """Without a session nothing but responses is told."""
        if session is None:
            return None
        server, caller = admission.view.server_id, admission.caller.key
        opened = self._conversations.streams.open
        return partial(opened, server=server, caller=caller, revision=session.revision)


def _call(
    exchange: Exchange,
    admission: Admission,
    session: Session | None,
    frame: jsonrpc.Frame,
    form: ChannelForm,
) -> Call:
    assert isinstance(frame.id, int | str)
    params: jsonrpc.Params = frame.params if isinstance(frame.params, dict) else {}
    return Call(
        exchange=exchange,
        table=admission.table,
        view=admission.view,
        caller=admission.caller,
        era="legacy",
        revision=V2025_03_26,
        id=frame.id,
        method=str(frame.method),
        params=params,
        meta=read_meta(params),
        form=form,
        session=session,
    )


def _allowed(session: Session | None, version: bytes | None) -> bool:
    if session is not None:
        return session.revision == V2025_03_26
    return version is None or version == V2025_03_26.encode()


def _read(body: bytes) -> _Batch:
    """Raises FrameError for what is no batch; what is no message in one is answered for itself."""
    try:
        messages = _messages.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise jsonrpc.FrameError(jsonrpc.PARSE_ERROR, f"the batch is no JSON: {error}") from error
    if not 0 < len(messages) <= MAX_MESSAGES:
        problem = f"a batch has 1 to {MAX_MESSAGES} messages, got {len(messages)}"
        raise jsonrpc.FrameError(jsonrpc.INVALID_REQUEST, problem)
    batch = _Batch([], [], [], [])
    for raw in messages:
        try:
            frame = jsonrpc.decode_frame(bytes(raw))
        except jsonrpc.FrameError as error:
            batch.broken.append(error_body(error.id, Problem(error.code, error.message)))
            continue
        if not isinstance(frame.method, str):
            batch.responses.append(frame)
        elif isinstance(frame.id, int | str):
            batch.requests.append(frame)
        else:
            batch.notifications.append(frame)
    return batch
