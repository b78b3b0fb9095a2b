"""GET on an MCP endpoint: the standing stream of a legacy session, or the rest of a broken one."""

from functools import partial

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp import headers
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.handles import HandleError
from mcpgateway.common.mcp.session import Session, SessionError
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.callers import Admission, Callers
from mcpgateway.data_plane.pipeline import answer
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.client_sessions import ClientSessions
from mcpgateway.data_plane.pipeline.conversations import Conversations
from mcpgateway.data_plane.pipeline.forms import MESSAGE
from mcpgateway.data_plane.pipeline.offered import revisions

_ALLOW = (b"allow", b"POST, DELETE")
_LOST = "the stream of this Last-Event-ID is over, or was lost with its replica"
_NO_SESSION = "GET is not served here: a stream is offered in a session only; use POST"
WITHDRAWN = "this server does not offer the session's revision any more: initialize again"
_FULL = "too many clients, or of this caller, listen at this replica"


class EventStreams:
    """Streams that clients ask for."""

    def __init__(
        self, callers: Callers, conversations: Conversations, sessions: ClientSessions
    ) -> None:
        self._callers = callers
        self._streams = conversations.streams
        self._listening = conversations.listening
        self._sessions = sessions

    def get(self, exchange: Exchange, admission: Admission) -> None:
        lines, server, caller = admission.lines, admission.view.server_id, admission.caller
        text, last = lines.get(headers.SESSION_ID), lines.get(b"last-event-id")
        if text is None:
            errors.refuse(exchange, 405, "method_not_allowed", _NO_SESSION, (_ALLOW,))
            return
        try:
            session = self._sessions.open(text.decode("latin-1"), server, caller)
            if session.revision not in revisions(admission.view):
                refuse_session(exchange, WITHDRAWN)
                return
            if last is None:
                self._stand(exchange, admission, session)
                return
            # No 404: to a legacy client that is the end of its session.
            lost = partial(errors.refuse, exchange, 400, "invalid_call", _LOST)
            self._streams.resume(exchange, server, caller.key, last.decode("latin-1"), lost)
        except SessionError as error:
            refuse_session(exchange, str(error))
        except HandleError as error:
            errors.refuse(exchange, 400, "invalid_call", f"Last-Event-ID: {error}")

    def _stand(self, exchange: Exchange, admission: Admission, session: Session) -> None:
        if self._listening.full(admission.caller):
            errors.refuse(exchange, 503, "unavailable", _FULL, (errors.RETRY_AFTER,))
            return
        server, caller = admission.view.server_id, admission.caller
        stream = self._streams.open(exchange, server, caller.key, session.revision)
        recall = partial(self._recall, exchange, server, session)
        call = standing_call(exchange, admission, session)
        stream.on_close = self._listening.stand(call, stream, recall)

    def _recall(self, exchange: Exchange, server: str, session: Session) -> Call | None:
        try:
            admission = self._callers.admit(exchange, server)
        except GatewayError:
            return None
        return standing_call(exchange, admission, session)


def standing_call(exchange: Exchange, admission: Admission, session: Session) -> Call:
    """What a session's standing stream is decided by: no method, and nobody answers it."""
    return Call(
        exchange=exchange,
        table=admission.table,
        view=admission.view,
        caller=admission.caller,
        era="legacy",
        revision=session.revision,
        id=0,
        method="",
        params={},
        meta=None,
        form=MESSAGE,
        session=session,
    )


def refuse_session(exchange: Exchange, message: str) -> None:
    """404: upon which a legacy client initializes anew."""
    answer.refuse_message(exchange, None, Problem(jsonrpc.INVALID_REQUEST, message, 404))
