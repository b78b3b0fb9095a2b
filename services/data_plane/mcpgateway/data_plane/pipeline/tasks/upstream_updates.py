"""Follows tasks that modern upstreams keep, for clients that listen to them here: what several of
them follow at one upstream with the same header lines is one stream.

What the upstream does not tell, or told while its stream was broken, nobody hears: clients may ask
for a task at any time. Where an upstream is reached otherwise than before, or is not offered to
the caller any more, no more is told.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.jsonrpc import Params
from mcpgateway.common.mcp import tasks
from mcpgateway.common.routing.model import Upstream
from mcpgateway.common.routing.table import Table
from mcpgateway.data_plane.pipeline.admitting.authorize import find_upstream
from mcpgateway.data_plane.pipeline.aims import Aimed
from mcpgateway.data_plane.pipeline.call import Call, Caller
from mcpgateway.data_plane.pipeline.listening.joined import Joined
from mcpgateway.data_plane.pipeline.listening.updates import ToldTask
from mcpgateway.data_plane.pipeline.remote import Remote
from mcpgateway.data_plane.pipeline.tasks.names import TaskName, TaskNames
from mcpgateway.data_plane.pipeline.tasks.passing import find_keeper
from mcpgateway.data_plane.upstreams.request import UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions.session_key import credentials_digest
from mcpgateway.data_plane.upstreams.targets import reached_by
from mcpgateway.data_plane.upstreams.watching import TaskWatcher, Tempo, Watch

Watching = Callable[[UpstreamRequest, TaskWatcher, Tempo], Watch]
"""`UpstreamClients.watch_tasks`."""

LIMIT = 10_000  # tasks that are followed by one stream
READY = 1.0  # seconds that listeners wait for what upstreams say


class Tables(Protocol):
    """Where the current table is."""

    @property
    def current(self) -> Table: ...


class _Place(NamedTuple):
    """What must be equal to share a stream."""

    upstream: str
    reached: tuple[object, ...]
    headers: bytes


class _Who(NamedTuple):
    """Who listens to tasks of an upstream, as it was reached then."""

    caller: Caller
    stored: bool  # the principal is one of the table's
    server: str
    upstream: Upstream
    credential: object

    def may(self, table: Table) -> bool:
        """Whether it still is so."""
        caller, upstream = self.caller, self.upstream
        if self.stored:
            subject = caller.subject.renewed(table.principals)
            if subject is None:
                return False
            caller = msgspec.structs.replace(caller, subject=subject)
        view = table.view(caller.subject, self.server or None)
        found = None if view is None else find_upstream(table, view, upstream.id)
        if found is None or reached_by(found) != reached_by(upstream):
            return False
        return bool(table.credentials.get(found.credential) == self.credential) and (
            found.credential == upstream.credential
        )


class _JoinedTasks(Joined):
    """Implements `upstreams.watching.TaskWatcher`."""

    def task(self, id: str, params: Params) -> None:
        for follower in self.followers(id):
            if isinstance(follower, _AtUpstream):
                follower.task(id, params)


class UpstreamTaskUpdates:
    """What `updates.AllTaskUpdates` needs of it."""

    def __init__(self, tables: Tables, watch: Watching, remote: Remote, names: TaskNames) -> None:
        self._tables = tables
        self._watch = watch
        self._remote = remote
        self._names = names
        self._joined: dict[_Place, _JoinedTasks] = {}

    def __len__(self) -> int:
        return len(self._joined)

    def follow(self, call: Call, ids: frozenset[str], told: ToldTask) -> "_Following":
        at: dict[str, dict[str, str]] = {}
        for text, name in self._names.open_all(call, ids).items():
            if name.upstream:
                at.setdefault(name.upstream, {})[name.id] = text
        following = _Following()
        for id, names in at.items():
            upstream = find_keeper(call, TaskName(id, ""))
            joined = None if upstream is None else self._place(call, upstream)
            if upstream is not None and joined is not None:
                may = partial(self._may, _who(call, upstream))
                following.add(_AtUpstream(joined, names, told, may, following.settle))
        following.wait()
        return following

    def _may(self, who: _Who) -> bool:
        return who.may(self._tables.current)

    def _place(self, call: Call, upstream: Upstream) -> _JoinedTasks | None:
        """None where the upstream does not tell of tasks, or can not be asked."""
        if upstream.transport == "SSE" or not tasks.offered(upstream.capabilities, upstream.era):
            return None
        try:
            request = self._remote.request(call, upstream, Aimed(upstream.id, {}))
            place = _Place(upstream.id, reached_by(upstream), credentials_digest(request.headers))
            return self._joined.get(place) or self._begin(place, request)
        except GatewayError:
            return None

    def _begin(self, place: _Place, request: UpstreamRequest) -> _JoinedTasks:
        joined = _JoinedTasks(LIMIT, partial(self._over, place))
        joined.begin(self._watch(request, joined, Tempo()))
        self._joined[place] = joined
        return joined

    def _over(self, place: _Place, joined: Joined, _refused: bool | None) -> None:
        if self._joined.get(place) is joined:
            del self._joined[place]


class _AtUpstream:
    """The tasks that one client follows at one upstream; implements `joined.Follower`."""

    def __init__(
        self,
        joined: _JoinedTasks,
        names: Mapping[str, str],
        told: ToldTask,
        may: Callable[[], bool],
        settle: Callable[[], None],
    ) -> None:
        """`names`: what the client calls each task, by the upstream's id."""
        self._joined = joined
        self._told = told
        self._may = may
        self._settle = settle
        self._names = {id: name for id, name in names.items() if joined.join(self, id)}

    @property
    def covered(self) -> bool:
        return all(map(self._joined.covers, self._names))

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(name for id, name in self._names.items() if self._joined.follows(id))

    def updated(self, followed: str, uri: str) -> None:
        """It may have changed while nothing was told; nobody knows to what."""

    def settled(self) -> None:
        self._settle()

    def task(self, id: str, params: Params) -> None:
        name = self._names.get(id)
        if name is None:
            return
        if self._may():
            self._told(name, tasks.params_renamed(params, lambda _: name))
        else:
            self.close()

    def close(self) -> None:
        names, self._names = self._names, {}
        for id in names:
            self._joined.leave(self, id)


class _Following:
    """Implements `listening.updates.FollowingTasks`."""

    def __init__(self) -> None:
        self._parts: list[_AtUpstream] = []
        self._ready = False
        self._late: asyncio.TimerHandle | None = None
        self._then: Callable[[], None] = _nothing

    def add(self, part: _AtUpstream) -> None:
        self._parts.append(part)

    def wait(self) -> None:
        """Call once, when all parts are there."""
        self._late = asyncio.get_running_loop().call_later(READY, self._begin)
        self.settle()

    @property
    def ids(self) -> frozenset[str]:
        return frozenset[str]().union(*(part.ids for part in self._parts))

    def ready(self, then: Callable[[], None]) -> None:
        if self._ready:
            then()
        else:
            self._then = then

    def settle(self) -> None:
        """An upstream has said what it tells."""
        if self._late is not None and all(part.covered for part in self._parts):
            self._begin()

    def close(self) -> None:
        self._stop()
        self._then = _nothing
        for part in self._parts:
            part.close()

    def _begin(self) -> None:
        self._stop()
        self._ready = True
        then, self._then = self._then, _nothing
        then()

    def _stop(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def _who(call: Call, upstream: Upstream) -> _Who:
    stored = call.caller.subject.stored(call.table.principals)
    credential = call.table.credentials.get(upstream.credential)
    return _Who(call.caller, stored, call.view.server_id, upstream, credential)


def _nothing() -> None:
    """Nobody waits."""
