"""HTTP+SSE of 2024-11-05: a GET opens the stream and the session, each POST is one message to it,
every answer comes on the stream. The stream's end ends the session."""

import secrets

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.stdio.caller import Caller, Stream
from mcpgateway.common.runtime.stdio.child import Command
from mcpgateway.common.runtime.stdio.lines import one_line
from mcpgateway.common.runtime.stdio.session import Session
from mcpgateway.common.runtime.stdio.stopping import Stopping
from mcpgateway.common.runtime.stdio.supervised import Budget


class _Line:
    """A client's stream: takes every message of its server."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    def message(self, line: bytes) -> None:
        self.stream.event(line)

    def response(self, frame: jsonrpc.Frame, line: bytes) -> None:
        self.stream.event(line)

    def unbound(self, frame: jsonrpc.Frame, line: bytes) -> None:
        self.stream.event(line)


class SseDoor:
    """`message_path` is where clients post."""

    def __init__(self, message_path: str, budget: Budget, stopping: Stopping) -> None:
        self._message_path = message_path
        self._budget = budget
        self._stopping = stopping
        self._sessions: dict[str, tuple[Session, _Line]] = {}

    def open(self, caller: Caller, command: Command) -> None:
        """GET: a new session."""
        try:
            place = self._budget.enter()
        except GatewayError as error:
            caller.add(b"retry-after", b"5")
            caller.text(error.status, error.message)
            return
        id = secrets.token_hex(16)
        line = _Line(caller.stream(lambda: self._close(id)))
        session = Session(command, place, line)
        self._sessions[id] = (session, line)
        where = f"{_origin(caller.exchange)}{self._message_path}?session_id={id}"
        line.stream.event(where.encode(), "endpoint")

    def _close(self, id: str) -> None:
        found = self._sessions.pop(id, None)
        if found is not None:
            self._stopping.stop(found[0].stop())

    def post(self, caller: Caller) -> None:
        """POST: one message to the session that the query names."""
        found = self._sessions.get(_session_id(caller.exchange.query))
        if found is None:
            caller.text(404, "no such session: open one with GET and post to the endpoint it names")
            return
        session, line = found
        body = caller.exchange.body
        try:
            frame = jsonrpc.decode_frame(body)
            if frame.is_request:
                session.request(frame, one_line(body), line)
            else:
                session.tell(one_line(body))
        except jsonrpc.FrameError as error:
            caller.refuse(400, error.code, error.message, error.id)
        except GatewayError as error:
            caller.text(error.status, error.message)
        else:
            caller.text(202, "Accepted")

    def keep_alive(self) -> None:
        for _, line in list(self._sessions.values()):
            line.stream.event(b"{}", "keepalive")

    async def aclose(self) -> None:
        """End every stream and session."""
        sessions, self._sessions = self._sessions, {}
        for session, line in sessions.values():
            line.stream.end()
            self._stopping.stop(session.stop())


def _session_id(query: str) -> str:
    for pair in query.split("&"):
        name, _, value = pair.partition("=")
        if name in ("session_id", "sessionId"):
            return value
    return ""


def _origin(exchange: Exchange) -> str:
    """As the client sees us. It resolves the endpoint against its own URL and checks the origin."""
    host = exchange.header(b"host") or b""
    return f"{exchange.scheme}://{host.decode('latin-1')}"
