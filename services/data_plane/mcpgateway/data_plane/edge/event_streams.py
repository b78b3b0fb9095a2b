"""GET on an MCP endpoint: a legacy session comes back for the rest of a stream (Last-Event-ID)."""

from functools import partial

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import headers
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.handles import HandleError
from mcpgateway.common.mcp.session import SessionError
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.callers import Admission
from mcpgateway.data_plane.pipeline import answer
from mcpgateway.data_plane.pipeline.client_sessions import ClientSessions
from mcpgateway.data_plane.pipeline.streams.registry import Streams

_LOST = "the stream of this Last-Event-ID is over, or was lost with its replica"


class EventStreams:
    """Streams that clients ask for."""

    def __init__(self, streams: Streams, sessions: ClientSessions) -> None:
        self._streams = streams
        self._sessions = sessions

    def get(self, exchange: Exchange, admission: Admission) -> None:
        lines, server, caller = admission.lines, admission.view.server_id, admission.caller
        text, last = lines.get(headers.SESSION_ID), lines.get(b"last-event-id")
        if text is None or last is None:
            message = "GET is not served here: no stream is offered; use POST"
            errors.refuse(exchange, 405, "method_not_allowed", message, (_ALLOW,))
            return
        try:
            self._sessions.open(text.decode("latin-1"), server, caller)
            # No 404: to a legacy client that is the end of its session.
            lost = partial(errors.refuse, exchange, 400, "invalid_call", _LOST)
            self._streams.resume(exchange, server, caller.key, last.decode("latin-1"), lost)
        except SessionError as error:
            refuse_session(exchange, str(error))
        except HandleError as error:
            errors.refuse(exchange, 400, "invalid_call", f"Last-Event-ID: {error}")


_ALLOW = (b"allow", b"POST, DELETE")


def refuse_session(exchange: Exchange, message: str) -> None:
    """404: upon which a legacy client initializes anew."""
    answer.refuse_message(exchange, None, Problem(jsonrpc.INVALID_REQUEST, message, 404))
