"""Requests of clients without a session: modern ones, and legacy ones with --stateless. They share
a server, one for each set of variables that clients' headers make.

A server that is asked `server/discover` and does not know it speaks no 2026-07-28; modern requests
are then refused at once, so that clients fall back to `initialize`.
"""

import asyncio

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, InvalidCall
from mcpgateway.common.mcp.translate_results import modern_status
from mcpgateway.common.runtime.stdio.caller import Caller, refuse, takes_events
from mcpgateway.common.runtime.stdio.child import Command
from mcpgateway.common.runtime.stdio.post import Post, always_ok
from mcpgateway.common.runtime.stdio.session import answer_error
from mcpgateway.common.runtime.stdio.shared import Shared
from mcpgateway.common.runtime.stdio.stopping import Stopping
from mcpgateway.common.runtime.stdio.supervised import Budget

DISCOVER_SECONDS = 10.0  # a legacy server may never answer what comes before `initialize`
_MODERN_ERRORS = range(-32099, -32019)  # codes that only a modern server sends
_LEGACY_ONLY = "this stdio server speaks no 2026-07-28: send initialize"


def _discover_status(error: msgspec.Raw) -> int:
    """404 would claim a modern server that lacks the method."""
    return 400


class SharedDoor:
    """`modern`: which era all its clients speak. `idle`: seconds that an unused server lives."""

    def __init__(
        self,
        budget: Budget,
        stopping: Stopping,
        *,
        modern: bool,
        idle: float,
        json_response: bool,
    ) -> None:
        self._budget = budget
        self._stopping = stopping
        self._modern = modern
        self._json = json_response
        self._idle = idle
        self._servers: dict[Command, Shared] = {}
        self._used: dict[Command, float] = {}
        self._loop = asyncio.get_running_loop()
        self._posts: set[Post] = set()
        self._legacy_only = False

    def post(self, caller: Caller, frame: jsonrpc.Frame, command: Command) -> None:
        """One checked message."""
        if not frame.is_request:
            caller.empty(202)  # what one client tells can not be told in the name of all
            return
        try:
            if self._legacy_only:
                raise InvalidCall(_LEGACY_ONLY)
            self._ask(caller, frame, command)
        except GatewayError as error:
            refuse(caller, frame, error)

    def _ask(self, caller: Caller, frame: jsonrpc.Frame, command: Command) -> None:
        server = self._server(command)
        discover = self._modern and frame.method == "server/discover"
        status_of = modern_status if self._modern else always_ok
        post = Post(
            caller,
            json_only=self._json or not takes_events(caller),
            status_of=_discover_status if discover else status_of,
        )
        post.before = lambda answer: self._posts.discard(post)
        if not self._modern and frame.method == "initialize":
            server.initialize(frame, post)
        else:
            own = server.request(frame, post)
            if self._modern:
                post.on_gone = lambda: self._cancel(server, own, post)
            if discover:
                self._watch_discover(server, own, frame, post)
        self._posts.add(post)

    def _server(self, command: Command) -> Shared:
        server = self._servers.get(command)
        if server is None:
            server = Shared(command, self._budget.enter(), legacy=not self._modern)
            self._servers[command] = server
        self._used[command] = self._loop.time()
        return server

    def _cancel(self, server: Shared, own: int, post: Post) -> None:
        self._posts.discard(post)
        server.cancel(own)

    def _watch_discover(self, server: Shared, own: int, frame: jsonrpc.Frame, post: Post) -> None:
        def late() -> None:
            server.cancel(own)
            if isinstance(frame.id, int | str):
                message = f"the stdio server did not answer within {DISCOVER_SECONDS:g} s"
                answer_error(post, frame.id, jsonrpc.UPSTREAM_TIMED_OUT, message)

        timer = self._loop.call_later(DISCOVER_SECONDS, late)

        def judge(answer: jsonrpc.Frame) -> None:
            timer.cancel()
            self._posts.discard(post)
            self._judge(answer)

        post.before = judge

    def _judge(self, answer: jsonrpc.Frame) -> None:
        if isinstance(answer.error, msgspec.UnsetType):
            return
        code = jsonrpc.decode_error(answer.error).code
        ours = code in (jsonrpc.UPSTREAM_FAILED, jsonrpc.UPSTREAM_TIMED_OUT)
        if not ours and code not in _MODERN_ERRORS:
            self._legacy_only = True
            self._stop_servers()

    def _stop_servers(self) -> None:
        servers, self._servers = self._servers, {}
        self._used.clear()
        for server in servers.values():
            self._stopping.stop(server.stop())

    def sweep(self) -> None:
        """End servers that nobody has used for the idle time."""
        oldest = self._loop.time() - self._idle
        for command, server in list(self._servers.items()):
            if self._used[command] < oldest and not server.busy:
                del self._servers[command], self._used[command]
                self._stopping.stop(server.stop())

    def keep_alive(self) -> None:
        for post in list(self._posts):
            post.keep_alive()

    async def aclose(self) -> None:
        self._stop_servers()
