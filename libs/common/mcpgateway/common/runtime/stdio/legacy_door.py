"""Streamable HTTP up to 2025-11-25: sessions named by Mcp-Session-Id, each with a server of its
own."""

import asyncio
import secrets
from collections import deque

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, InvalidCall
from mcpgateway.common.mcp.envelope import check_version_header
from mcpgateway.common.mcp.headers import PROTOCOL_VERSION, SESSION_ID
from mcpgateway.common.runtime.stdio.caller import Caller, Stream, refuse, takes_events
from mcpgateway.common.runtime.stdio.child import Command
from mcpgateway.common.runtime.stdio.lines import one_line
from mcpgateway.common.runtime.stdio.post import Post
from mcpgateway.common.runtime.stdio.session import Session
from mcpgateway.common.runtime.stdio.stopping import Stopping
from mcpgateway.common.runtime.stdio.supervised import Budget

_KEPT = 256  # messages that wait for a GET stream; above: the oldest is dropped
_NO_SESSION = "no such session: it has ended, send initialize to open a new one"


class _Client:
    """One session: its server, its GET stream, its open POSTs."""

    def __init__(self, id: str, now: float) -> None:
        self.id = id
        self.session: Session | None = None
        self.stream: Stream | None = None
        self.posts: list[Post] = []
        self.used = now
        self._kept: deque[bytes] = deque(maxlen=_KEPT)

    def unbound(self, frame: jsonrpc.Frame, line: bytes) -> None:
        """What belongs to no request goes to the GET stream; what may belong to one (a question,
        a log record) to the newest that is open."""
        self.posts = self.still_open()
        general = str(frame.method).endswith(("/list_changed", "/updated"))
        if self.posts and not (general and self.stream is not None):
            self.posts[-1].message(line)
        elif self.stream is not None:
            self.stream.event(line)
        else:
            self._kept.append(line)

    def still_open(self) -> list[Post]:
        return [post for post in self.posts if post.takes_messages]

    def listen(self, stream: Stream) -> None:
        self.stream = stream
        while self._kept:
            stream.event(self._kept.popleft())


class LegacyDoor:
    """`idle` is how long a session without open requests and streams lives, in seconds."""

    def __init__(
        self, budget: Budget, stopping: Stopping, *, idle: float, json_response: bool
    ) -> None:
        self._budget = budget
        self._stopping = stopping
        self._idle = idle
        self._json = json_response
        self._clients: dict[str, _Client] = {}
        self._loop = asyncio.get_running_loop()

    def post(self, caller: Caller, frame: jsonrpc.Frame, command: Command) -> None:
        """One message of a client with a session, or its `initialize`."""
        problem = check_version_header(caller.exchange.header(PROTOCOL_VERSION))
        if problem is not None and frame.method != "initialize":
            caller.refuse(problem.status, problem.code, problem.message, data=problem.data)
            return
        try:
            if frame.method == "initialize" and frame.is_request:
                self._open(caller, frame, command)
            else:
                self._pass_on(caller, frame)
        except GatewayError as error:
            refuse(caller, frame, error)

    def _open(self, caller: Caller, frame: jsonrpc.Frame, command: Command) -> None:
        place = self._budget.enter()
        client = _Client(secrets.token_hex(16), self._loop.time())
        session = client.session = Session(command, place, client)
        post = Post(caller, json_only=True)
        post.before = lambda answer: self._opened(caller, client, answer)
        post.on_gone = lambda: self._end(client)
        self._clients[client.id] = client
        session.request(frame, one_line(caller.exchange.body), post)

    def _opened(self, caller: Caller, client: _Client, answer: jsonrpc.Frame) -> None:
        if isinstance(answer.result, msgspec.UnsetType):
            self._end(client)
        else:
            caller.add(SESSION_ID, client.id.encode())

    def _pass_on(self, caller: Caller, frame: jsonrpc.Frame) -> None:
        client = self._client(caller)
        if client is None or client.session is None:
            return
        line = one_line(caller.exchange.body)
        if not frame.is_request:
            client.session.tell(line)
            caller.empty(202)
            return
        post = Post(caller, json_only=self._json or not takes_events(caller))
        client.session.request(frame, line, post)
        client.posts = [*client.still_open(), post]

    def _client(self, caller: Caller) -> _Client | None:
        """The session that the header names; None when the exchange was refused for it."""
        id = caller.exchange.header(SESSION_ID)
        if id is None:
            raise InvalidCall("header Mcp-Session-Id is missing: send initialize first")
        client = self._clients.get(id.decode("latin-1"))
        if client is None:
            caller.refuse(404, jsonrpc.INVALID_REQUEST, _NO_SESSION)
            return None
        client.used = self._loop.time()
        return client

    def listen(self, caller: Caller) -> None:
        """GET: the stream of what belongs to no request."""
        try:
            client = self._client(caller)
        except InvalidCall as error:
            caller.add(b"allow", b"POST")
            caller.refuse(405, jsonrpc.INVALID_REQUEST, error.message)
            return
        if client is None:
            return
        if client.stream is not None and client.stream.open:
            message = "this session has a GET stream already"
            caller.refuse(409, jsonrpc.INVALID_REQUEST, message)
            return
        client.listen(caller.stream(lambda: self._hung_up(client)))
        if client.stream is not None:
            client.stream.comment()  # the head goes out with the first bytes

    def _hung_up(self, client: _Client) -> None:
        client.stream = None
        client.used = self._loop.time()

    def delete(self, caller: Caller) -> None:
        """DELETE: the end of a session."""
        try:
            client = self._client(caller)
        except InvalidCall as error:
            caller.refuse(400, jsonrpc.INVALID_REQUEST, error.message)
            return
        if client is not None:
            self._end(client)
            caller.empty(204)

    def _end(self, client: _Client) -> None:
        if self._clients.pop(client.id, None) is None or client.session is None:
            return
        if client.stream is not None:
            client.stream.end()
        self._stopping.stop(client.session.stop())

    def keep_alive(self) -> None:
        for client in self._clients.values():
            for post in list(client.posts):
                post.keep_alive()
            if client.stream is not None:
                client.stream.comment()

    def sweep(self) -> None:
        """End what nobody has used for the idle time."""
        oldest = self._loop.time() - self._idle
        for client in list(self._clients.values()):
            busy = client.session is not None and client.session.busy
            if client.used < oldest and client.stream is None and not busy:
                self._end(client)

    async def aclose(self) -> None:
        for client in list(self._clients.values()):
            self._end(client)
