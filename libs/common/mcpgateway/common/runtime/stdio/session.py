"""One client's own server (HTTP+SSE, legacy Streamable HTTP). Ids pass through untouched."""

from typing import Protocol

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import InvalidCall, Unavailable
from mcpgateway.common.mcp.translate import progress_token
from mcpgateway.common.runtime.stdio.child import Command
from mcpgateway.common.runtime.stdio.supervised import Place, Supervised

MAX_OPEN = 1024  # requests of one client that wait for an answer; above: Unavailable


class Reply(Protocol):
    """Where the answer of one request goes."""

    def message(self, line: bytes) -> None:
        """A notification or server request that belongs to this request."""

    def response(self, frame: jsonrpc.Frame, line: bytes) -> None:
        """The answer; the last call."""


class Unbound(Protocol):
    """Takes what belongs to no request in particular."""

    def unbound(self, frame: jsonrpc.Frame, line: bytes) -> None: ...


def params_of(frame: jsonrpc.Frame) -> jsonrpc.Params:
    return {} if isinstance(frame.params, msgspec.UnsetType) else frame.params


def answer_error(reply: Reply, id: jsonrpc.Id, code: int, message: str) -> None:
    """Answer with an error of our own."""
    line = jsonrpc.error(id, code, message)
    reply.response(jsonrpc.decode_frame(line), line)


class Session:
    """Started on the first message. After a crash what was open is answered with an error, and
    the next message starts the server again with the client's own handshake."""

    def __init__(self, command: Command, place: Place, unbound: Unbound) -> None:
        self._server = Supervised(command, self)
        self._place = place
        self._unbound = unbound
        self._open: dict[jsonrpc.Id, Reply] = {}
        self._tokens: dict[bytes, jsonrpc.Id] = {}
        self._initialize: tuple[jsonrpc.Id, bytes] | None = None

    @property
    def busy(self) -> bool:
        return bool(self._open)

    def request(self, frame: jsonrpc.Frame, line: bytes, reply: Reply) -> None:
        """Raises Unavailable, and InvalidCall when the id is that of an open request."""
        if frame.id is None or isinstance(frame.id, msgspec.UnsetType):
            raise InvalidCall("a request needs an id")
        if frame.id in self._open:
            raise InvalidCall(f"id {frame.id!r} is the id of a request that is still open")
        if len(self._open) >= MAX_OPEN:
            raise Unavailable(f"{MAX_OPEN} requests are open already")
        self._server.send(line)
        self._open[frame.id] = reply
        token = progress_token(params_of(frame))
        if token is not None:
            self._tokens[bytes(token)] = frame.id
        if frame.method == "initialize":
            self._initialize = frame.id, jsonrpc.join_params(params_of(frame))

    def tell(self, line: bytes) -> None:
        """A notification or a response of the client. Raises Unavailable."""
        self._server.send(line)

    def message(self, frame: jsonrpc.Frame, line: bytes) -> None:
        if frame.is_response:
            self._respond(frame, line)
            return
        token = params_of(frame).get("progressToken")
        id = self._tokens.get(bytes(token)) if token is not None else None
        reply = self._open.get(id) if id is not None else None
        if reply is None:
            self._unbound.unbound(frame, line)
        else:
            reply.message(line)

    def _respond(self, frame: jsonrpc.Frame, line: bytes) -> None:
        if frame.id is None or isinstance(frame.id, msgspec.UnsetType):
            return
        reply = self._open.pop(frame.id, None)
        if reply is None:
            return  # nobody asked, or it came after the crash was answered
        self._tokens = {token: id for token, id in self._tokens.items() if id != frame.id}
        if self._initialize is not None and self._initialize[0] == frame.id:
            if not isinstance(frame.result, msgspec.UnsetType):
                self._server.handshake = self._initialize[1]
            self._initialize = None
        reply.response(frame, line)

    def ready(self, welcome: bytes) -> None:
        """The client had its own welcome when it opened the session."""

    def crashed(self, why: str) -> None:
        pending, self._open = self._open, {}
        self._tokens.clear()
        for id, reply in pending.items():
            answer_error(reply, id, jsonrpc.UPSTREAM_FAILED, why)

    async def stop(self) -> None:
        self.crashed("the session has ended")
        await self._server.stop()
        self._place.leave()
