"""All upstream clients behind one door: picks by transport and era of the upstream."""

import asyncio
import time
from collections.abc import Callable

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, Unavailable
from mcpgateway.common.mcp import legacy
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.routing.model import Key
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.data_plane.upstreams.errands import Errands
from mcpgateway.data_plane.upstreams.grpc.door import GrpcDoor
from mcpgateway.data_plane.upstreams.legacy import LegacyClient
from mcpgateway.data_plane.upstreams.modern import ModernClient
from mcpgateway.data_plane.upstreams.request import OVER, Repeatable, Sink, Ticket, UpstreamRequest
from mcpgateway.data_plane.upstreams.rest.client import RestClient
from mcpgateway.data_plane.upstreams.rest.rest_call import Counted
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionLimits, SessionPool
from mcpgateway.data_plane.upstreams.sessions.session_watch import SessionWatch
from mcpgateway.data_plane.upstreams.sessions.shared_sessions import SharedSessions
from mcpgateway.data_plane.upstreams.shared import Announced, Hearing, Shared, Unsolicited
from mcpgateway.data_plane.upstreams.sse import SseClient, SseSession
from mcpgateway.data_plane.upstreams.streamable import StreamableSession
from mcpgateway.data_plane.upstreams.targets import Targets
from mcpgateway.data_plane.upstreams.watching import TaskWatcher, Tempo, Watch, Watcher

_ROOTS_CHANGED = jsonrpc.notification(legacy.ROOTS_CHANGED)
_FAREWELL = 2.0  # seconds that `aclose` gives upstreams to hear that their sessions end


_Sessions = SessionPool[StreamableSession] | SessionPool[SseSession]


def _to_nobody(_upstream: str) -> None:
    """Nobody wants to hear of changed lists."""


class UpstreamClients:
    """Implements `Upstreams`. Make it inside the running loop; close it before the pool.

    Idle sessions are looked for every quarter of their limit while there are any.
    """

    def __init__(
        self,
        http: HttpClient,
        limits: SessionLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
        announced: Announced = _to_nobody,
        sessions: SharedSessions | None = None,
        targets: Targets | None = None,
        rest_counted: Counted = lambda _outcome: None,
    ) -> None:
        """`announced` hears which upstreams' lists changed. `sessions` are kept with other
        replicas, which may go on with them; None without others. `rest_counted` hears how requests
        of REST tools ended."""
        limits = limits or SessionLimits()
        targets = targets or Targets()
        self._hearing = Hearing()
        self._table = Table.empty()
        self._shared = shared = Shared(
            http,
            targets,
            Errands(http),
            announced,
            limits.reply_seconds,
            sessions,
            self._hearing,
            self._newest,
        )
        self._modern = ModernClient(shared)
        self._legacy = LegacyClient(shared, limits, clock)
        self._sse = SseClient(shared, limits, clock)
        self._rest = RestClient(http, targets.base_timeouts, rest_counted, targets)
        self._grpc: GrpcDoor | None = None
        self._pools: tuple[_Sessions, ...] = (self._legacy.sessions, self._sse.sessions)
        self._interval = limits.idle_seconds / 4
        self._sweep: asyncio.TimerHandle | None = None

    def send(self, request: UpstreamRequest, sink: Sink) -> Ticket:
        try:
            if request.tool is not None and request.tool.request:
                return self._rest.send(request, request.tool, sink)
            if request.upstream.transport == "GRPC":
                return self._grpc_door.send(request, sink)
            if request.upstream.transport == "SSE":
                ticket = self._sse.send(request, sink)
            elif request.upstream.era == "modern":
                return self._modern.send(request, sink)
            else:
                ticket = self._legacy.send(request, sink)
        except GatewayError as error:
            sink.failed(error)
            return OVER
        if self._sweep is None:
            self._schedule()
        return ticket

    def repeatable(self, request: UpstreamRequest) -> Repeatable | None:
        """What requests like this one to an MCP server have in common; None: each is a matter of
        its own."""
        if request.upstream.transport == "SSE":
            return None
        if request.upstream.era == "modern":
            return self._modern.repeatable(request)
        return self._legacy.repeatable(request)

    def watch(self, request: UpstreamRequest, watcher: Watcher, tempo: Tempo) -> Watch:
        """Follows resources at an upstream in the auth context of a request. Raises GatewayError
        when it can not be spoken to at all."""
        if request.upstream.transport == "SSE":
            return SessionWatch(self._sse.sessions, request, watcher, tempo)
        if request.upstream.era == "modern":
            return self._modern.watch(request, watcher, tempo)
        return SessionWatch(self._legacy.sessions, request, watcher, tempo)

    def watch_tasks(self, request: UpstreamRequest, watcher: TaskWatcher, tempo: Tempo) -> Watch:
        """Follows tasks at a modern upstream in the same way."""
        return self._modern.watch_tasks(request, watcher, tempo)

    def hear(self, unsolicited: Unsolicited) -> None:
        """From now on, what upstreams say to clients outside of their calls goes there; it was
        answered -32601, or dropped, before."""
        self._hearing.by = unsolicited

    def call_grpc(self, door: GrpcDoor) -> None:
        """From now on, calls of gRPC services go there, and it is closed with all else."""
        self._grpc = door

    @property
    def _grpc_door(self) -> GrpcDoor:
        if self._grpc is None:
            raise Unavailable("this data plane calls no gRPC services")
        return self._grpc

    @property
    def sessions_open(self) -> int:
        """With legacy upstreams, those being opened included."""
        return sum(map(len, self._pools))

    def end_session(self, session: str) -> None:
        """A client ended its (legacy) session: end those that upstreams hold for it."""
        for pool in self._pools:
            pool.end_client(session)

    def roots_changed(self, session: str) -> None:
        """The roots of a (legacy) session's client are others now: its own sessions with upstreams
        are told, those of this replica."""
        for pool in self._pools:
            pool.tell_client(session, _ROOTS_CHANGED)

    def changed(self, table: Table, touched: frozenset[Key] | None) -> None:
        """A listener for the table holder: sessions and connections with upstreams that are gone,
        or are reached otherwise now, or have a new credential, end when the calls in them do."""
        self._table = table
        if self._grpc is not None:
            self._grpc.changed(table, touched)
        ids = None if touched is None else [key.id for key in touched if key.kind == "upstream"]
        renewed = {key.id for key in touched or () if key.kind == "credential"}
        moved = self._shared.targets.forget_moved(table.upstreams, ids, renewed)
        if not moved:
            return
        gone = {target.upstream.id for target in moved}
        for pool in self._pools:
            pool.end_upstreams(gone)
        for target in moved:
            self._shared.http.close_origin(target.origin)

    def _newest(self, request: UpstreamRequest) -> bytes:
        """For the rare call whose definition was refused: looks at all tools of its upstream."""
        name = read_string(request.params.get("name"))
        children = self._table.indexes.children["tool"].get(request.upstream.id) or ()
        for tool in map(self._table.tools.get, children):
            if tool is not None and tool.original_name == name:
                return bytes(tool.definition)
        return request.definition

    async def aclose(self) -> None:
        """Ends all sessions; gives upstreams 2 s to hear of it."""
        if self._sweep is not None:
            self._sweep.cancel()
        for pool in self._pools:
            pool.close_all()
        if self._grpc is not None:
            await self._grpc.aclose()
        await self._shared.errands.finished(_FAREWELL)

    def _schedule(self) -> None:
        self._sweep = asyncio.get_running_loop().call_later(self._interval, self._expire)

    def _expire(self) -> None:
        self._sweep = None
        for pool in self._pools:
            pool.expire()
        if self.sessions_open:
            self._schedule()
