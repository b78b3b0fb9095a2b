"""Clients that stay connected: HTTP+SSE (2024-11-05) and WebSocket. The session is the connection.

The stream of an SSE pair lives on one replica; what its client POSTs is handed over to that one.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import NamedTuple
from urllib.parse import parse_qs

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.handles import HandleError
from mcpgateway.common.mcp.revisions import LATEST_LEGACY, LEGACY, V2024_11_05
from mcpgateway.common.mcp.session import LIFETIME
from mcpgateway.common.runtime.http import websocket_handshake
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.websocket import GOING_AWAY, POLICY
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.body import NotJson, require_json
from mcpgateway.data_plane.edge.callers import Admission, Callers
from mcpgateway.data_plane.edge.live_channel import ChannelParts, LiveChannel, read_message
from mcpgateway.data_plane.pipeline import answer
from mcpgateway.data_plane.pipeline.call import Caller
from mcpgateway.data_plane.pipeline.channels.stream_line import SocketLine, SseLine
from mcpgateway.data_plane.pipeline.conversations import Conversations
from mcpgateway.data_plane.pipeline.offered import revisions
from mcpgateway.data_plane.pipeline.shares import Shares

MAX_CHANNELS = 20_000  # shared by callers (`shares`); one more is refused
_LOST = "no stream with this session_id: open one with GET"
_NO_SOCKETS = "WebSocket is not served here: MCPGATEWAY_WS_RELAY_ENABLED=true switches it on"
_ONLY_HTTP1 = "WebSocket is served over HTTP/1.1, to a client that waits for the handshake's answer"
_UPGRADE = ((b"upgrade", b"websocket"), (b"sec-websocket-version", websocket_handshake.VERSION))
_FULL = "too many clients, or of this caller, are connected to this replica"


class _Pair(NamedTuple):
    line: SseLine
    channel: LiveChannel
    caller: Caller
    server: str


class _Held(NamedTuple):
    """A socket's."""

    caller: Caller
    server: str


class Channels:
    """Serves `/sse`, `/message`, `/ws`, and the same below a virtual server."""

    def __init__(
        self,
        callers: Callers,
        conversations: Conversations,
        parts: ChannelParts,
        *,
        sockets: bool = False,
    ) -> None:
        self._serves_sockets = sockets
        self._callers = callers
        self._conversations = conversations
        self._parts = parts
        self._keys = count(1)
        self._pairs: dict[str, _Pair] = {}
        self._sockets: dict[SocketLine, _Held] = {}
        self._shares = Shares[SseLine | SocketLine](MAX_CHANNELS)

    def __len__(self) -> int:
        return len(self._pairs) + len(self._sockets)

    def stream(self, exchange: Exchange, server: str) -> None:
        """GET: opens a pair. Its first event says where to POST."""
        if exchange.method != "GET":
            errors.refuse_method(exchange, b"GET")
            return
        admission = self._admit(exchange, server)
        if admission is None or not _offers(exchange, admission, (V2024_11_05,)):
            return
        if self._full(exchange, admission):
            return
        key = str(next(self._keys))
        handle = self._conversations.handles.make(
            "pair", server, admission.caller.key, key, LIFETIME
        )
        path = exchange.path.rstrip("/").removesuffix("sse") + "message"
        line = SseLine(exchange, f"{path}?session_id={handle}")
        admit = partial(self._again, exchange, server)
        channel = LiveChannel(self._parts, line, V2024_11_05, admit, partial(self._end, key))
        self._pairs[key] = _Pair(line, channel, admission.caller, server)
        self._shares.take(admission.caller.key, line)
        self._conversations.heartbeat.add(line)
        exchange.on_gone(partial(self._left, key))

    def message(self, exchange: Exchange, server: str) -> None:
        """POST: a message of the client of a pair; its answer comes on the stream."""
        if exchange.method != "POST":
            errors.refuse_method(exchange, b"POST")
            return
        admission = self._admit(exchange, server)
        if admission is None:
            return
        named = parse_qs(exchange.query).get("session_id")
        if not named:
            message = "session_id must be in the query, as the stream's first event has it"
            errors.refuse(exchange, 400, "invalid_call", message)
            return
        lost = partial(errors.refuse, exchange, 404, "not_found", _LOST)
        try:
            handles = self._conversations.handles
            handle = handles.open("pair", server, admission.caller.key, named[-1])
        except HandleError:
            lost()
            return
        if handle.owner != self._conversations.handles.replica:
            self._conversations.owners.hand_over(exchange, handle.owner, lost)
        elif handle.key in self._pairs:
            self._posted(exchange, admission, self._pairs[handle.key].channel)
        else:
            lost()

    def socket(self, exchange: Exchange, server: str) -> None:
        """A WebSocket: one JSON-RPC message in each of its messages."""
        if not self._serves_sockets:
            errors.refuse(exchange, 404, "not_found", _NO_SOCKETS)
            return
        admission = self._admit(exchange, server)
        if admission is None or not _offers(exchange, admission, LEGACY):
            return
        if self._full(exchange, admission):
            return
        line = SocketLine()
        admit = partial(self._again, exchange, server)
        leave = partial(line.close, POLICY, "another stream of this session, or no more access")
        channel = LiveChannel(self._parts, line, LATEST_LEGACY, admit, leave)
        listener = _SocketListener(self, exchange, server, line, channel)
        socket = exchange.websocket(listener, subprotocol="mcp")
        if socket is None:
            _refuse_handshake(exchange)
            return
        self._sockets[line] = _Held(admission.caller, server)
        self._shares.take(admission.caller.key, line)
        line.open(socket)

    def hear(
        self, exchange: Exchange, server: str, line: SocketLine, channel: LiveChannel, text: bytes
    ) -> None:
        """One message of a socket. Who may no longer call is thrown out."""
        try:
            admission = self._callers.admit(exchange, server)
            channel.take(exchange, admission, read_message(text))
        except jsonrpc.FrameError as error:
            channel.malformed(error)
        except GatewayError as error:
            line.close(POLICY, error.message[:100])

    def left(self, line: SocketLine, channel: LiveChannel) -> None:
        """A socket is closed."""
        line.lost()
        held = self._sockets.pop(line, None)
        if held is not None:
            self._shares.give_back(held.caller.key, line)
        channel.closed()

    def cut(self, passes: Callable[[Caller, str], bool]) -> None:
        """Ends those of whom it does not pass any more."""
        for key, pair in list(self._pairs.items()):
            if not passes(pair.caller, pair.server):
                self._end(key)
        for socket, held in list(self._sockets.items()):
            if not passes(held.caller, held.server):
                socket.close(POLICY, "access was withdrawn")

    def close(self) -> None:
        """Tells all clients to go, and ends what others listen to; they come back elsewhere."""
        self._conversations.listening.drain()
        for key in list(self._pairs):
            self._end(key)
        for socket in list(self._sockets):
            socket.close(GOING_AWAY, "this replica is stopping")

    def _posted(self, exchange: Exchange, admission: Admission, channel: LiveChannel) -> None:
        try:
            require_json(admission.lines)
            frame = read_message(exchange.body)
        except NotJson as error:
            errors.refuse_with(exchange, error)
        except jsonrpc.FrameError as error:
            answer.refuse_message(exchange, error.id, Problem(error.code, error.message))
        else:
            answer.accept(exchange)
            channel.take(exchange, admission, frame)

    def _admit(self, exchange: Exchange, server: str) -> Admission | None:
        try:
            return self._callers.admit(exchange, server)
        except GatewayError as error:
            self._callers.refuse(exchange, error)
            return None

    def _again(self, exchange: Exchange, server: str) -> Admission | None:
        try:
            return self._callers.admit(exchange, server)
        except GatewayError:
            return None

    def _full(self, exchange: Exchange, admission: Admission) -> bool:
        if not self._shares.refuses(admission.caller.key):
            return False
        errors.refuse(exchange, 503, "unavailable", _FULL, (errors.RETRY_AFTER,))
        return True

    def _end(self, key: str) -> None:
        if key in self._pairs:
            self._pairs[key].line.close()
            self._left(key)

    def _left(self, key: str) -> None:
        line, channel, caller, _ = self._pairs.pop(key)
        self._shares.give_back(caller.key, line)
        self._conversations.heartbeat.remove(line)
        line.lost()
        channel.closed()


def _offers(exchange: Exchange, admission: Admission, needed: Sequence[str]) -> bool:
    """Whether a server offers a revision that the transport carries; refuses when it does not."""
    among = revisions(admission.view)
    if any(each in among for each in needed):
        return True
    text = f"this transport is of {', '.join(needed)}; this server offers {', '.join(among)}"
    errors.refuse(exchange, 404, "not_found", text)
    return False


def _refuse_handshake(exchange: Exchange) -> None:
    refusal = websocket_handshake.refusal(exchange)
    status, text = refusal or (426, _ONLY_HTTP1)
    code = "upgrade_required" if status == 426 else "invalid_call"
    errors.refuse(exchange, status, code, text, _UPGRADE)


class _SocketListener:
    """Hears one socket."""

    def __init__(
        self,
        channels: Channels,
        exchange: Exchange,
        server: str,
        line: SocketLine,
        channel: LiveChannel,
    ) -> None:
        self._channels = channels
        self._exchange = exchange
        self._server = server
        self._line = line
        self._channel = channel

    def message(self, text: bytes) -> None:
        self._channels.hear(self._exchange, self._server, self._line, self._channel, text)

    def closed(self) -> None:
        self._channels.left(self._line, self._channel)
