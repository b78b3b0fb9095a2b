"""Who listens and how it ends: joins ears, the register, and what is followed at upstreams."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError
from mcpgateway.common.mcp.envelope import Problem, read_string
from mcpgateway.common.mcp.listening import Filter, List, read_filter
from mcpgateway.common.mcp.revisions import V2025_11_25
from mcpgateway.common.routing.model import Key
from mcpgateway.common.routing.table import Table
from mcpgateway.common.routing.view import View
from mcpgateway.data_plane.parked.owners import Owners
from mcpgateway.data_plane.parked.session_changes import (
    ANONYMOUS_URI_BYTES,
    URI_BYTES,
    SessionState,
)
from mcpgateway.data_plane.parked.session_state import SessionStates
from mcpgateway.data_plane.pipeline.admitting.authorize import find_resource
from mcpgateway.data_plane.pipeline.answer import invalid, invalid_param
from mcpgateway.data_plane.pipeline.asking.askable import Client
from mcpgateway.data_plane.pipeline.asking.legacy import LegacyAskers
from mcpgateway.data_plane.pipeline.call import Call, Caller
from mcpgateway.data_plane.pipeline.forms import acknowledge
from mcpgateway.data_plane.pipeline.listening.modern_ear import ModernEar
from mcpgateway.data_plane.pipeline.listening.register import Register
from mcpgateway.data_plane.pipeline.listening.session_ear import SessionEar, Standing
from mcpgateway.data_plane.pipeline.listening.updates import (
    Following,
    FollowingTasks,
    NoTaskUpdates,
    TaskUpdates,
    Updates,
)
from mcpgateway.data_plane.pipeline.questions import declined
from mcpgateway.data_plane.pipeline.streams.heartbeat import Heartbeat
from mcpgateway.data_plane.upstreams.request import Answered, Question

EXPIRY_EVERY = 10.0  # seconds between two looks for expired credentials
_STANDING = "standing"  # notes: the session that has a new standing stream
_OFFERED = msgspec.json.Decoder(dict[str, msgspec.Raw])
_FULL = Problem(
    jsonrpc.INTERNAL_ERROR, "too many clients, or of this caller, listen at this replica", 503
)
_NO_TASKS = NoTaskUpdates()
_NO_SESSION = invalid("resources are subscribed in a session: initialize first")

Recall = Callable[[], Call | None]
"""A session's standing request, decided anew; None when its caller may no longer call."""


@dataclass(slots=True)
class _Stand:
    """A session's standing stream."""

    ear: SessionEar
    following: Following
    recall: Recall
    remove: Callable[[], None]
    unlist: Callable[[], None]
    revision: str


class Listening:
    """One of a replica."""

    def __init__(
        self,
        register: Register,
        updates: Updates,
        states: SessionStates,
        owners: Owners,
        askers: LegacyAskers,
        heartbeat: Heartbeat,
    ) -> None:
        self._register = register
        self._updates = updates
        self._states = states
        self._owners = owners
        self._askers = askers
        self._heartbeat = heartbeat
        self._modern: dict[ModernEar, None] = {}
        self._standing: dict[str, _Stand] = {}
        states.on_change(self._session_changed)
        owners.on_note(_STANDING, lambda body: self._replaced(body.decode()))
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._register)

    def table_changed(self, table: Table, touched: frozenset[Key] | None) -> None:
        """A listener for the table holder."""
        self._register.table_changed(table, touched)

    def full(self, caller: Caller) -> bool:
        """Whether there is no room for one more of this caller."""
        return self._register.full(caller)

    def listen(self, call: Call, tasks: TaskUpdates = _NO_TASKS) -> str:
        """`subscriptions/listen` of a modern client: answers with a stream. What became of it."""
        try:
            wanted = read_filter(call.params.get("notifications"))
        except ValueError as error:
            call.form.refuse(call, invalid_param("notifications", str(error)))
            return "refused"
        if self.full(call.caller):
            call.form.refuse(call, _FULL)
            return "refused"
        problem = tasks.refusal(call) if wanted.tasks else None
        if problem is not None:
            call.form.refuse(call, problem)
            return "refused"
        ear = ModernEar(call.exchange, call.id, call.revision)
        following = self._updates.follow(call, wanted.uris, ear.updated)
        followed = tasks.follow(call, wanted.tasks, ear.task_changed)
        remove = self._register.add(ear, call.caller, call.table, call.view)
        self._watch_expiry()
        ear.closed = partial(self._closed, ear, (following, followed), remove)
        self._modern[ear] = None
        self._heartbeat.add(ear)
        ear.await_beginning()
        lists = wanted.lists & _observed(call.view)
        begin = partial(_begin, ear, lists, following, followed)
        following.ready(partial(followed.ready, begin))
        return "ok"

    def stand(self, call: Call, standing: Standing, recall: Recall) -> Callable[[], None]:
        """A legacy session's standing stream, from now on; earlier ones of it are ended, here and
        elsewhere. Call what is returned when it is over."""
        session = call.session
        assert session is not None
        self._replaced(session.id)
        self._owners.tell_all(_STANDING, session.id.encode())
        server, caller = call.view.server_id, call.caller.key
        asking = self._askers.asking(server, caller, session.capabilities)
        ear = SessionEar(standing, asking, call.revision)
        uris = frozenset(self._states.uris(session.id))
        following = self._updates.follow(call, uris, ear.updated)
        remove = self._register.add(ear, call.caller, call.table, call.view)
        self._watch_expiry()
        stand = self._standing[session.id] = _Stand(
            ear, following, recall, remove, self._askers.askable.add(ear), call.revision
        )
        return partial(self._left, session.id, stand)

    def subscribe(self, call: Call) -> str:
        """`resources/subscribe` of a legacy session."""
        room = URI_BYTES if call.caller.key else ANONYMOUS_URI_BYTES
        return self._subscription(call, partial(self._states.add_uri, room=room))

    def unsubscribe(self, call: Call) -> str:
        """`resources/unsubscribe`; of what was never subscribed, too."""
        return self._subscription(call, self._states.remove_uri)

    def asked(self, session: str, questions: Mapping[str, Question], answered: Answered) -> None:
        """An upstream asks a session's client outside of a call."""
        stand = self._standing.get(session)
        if stand is None:
            answered(declined(questions))
        else:
            stand.ear.asked(questions, answered)

    def told(self, session: str, message: bytes) -> None:
        """An upstream tells a session's client something that belongs to no call."""
        stand = self._standing.get(session)
        if stand is not None:
            stand.ear.told(message)

    def knows_tasks(self, session: str) -> Client | None:
        """Who listens in a session here, if its revision has tasks."""
        stand = self._standing.get(session)
        if stand is None or stand.revision < V2025_11_25:
            return None
        return stand.ear.client

    def drain(self) -> None:
        """Ends all streams: clients listen at another replica."""
        for ear in list(self._modern):
            ear.end()
        for stand in list(self._standing.values()):
            stand.ear.over()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.drain()
        self._updates.close()

    def _subscription(
        self, call: Call, change: Callable[[str, str, Callable[[GatewayError | None], None]], None]
    ) -> str:
        if call.session is None:
            call.form.refuse(call, _NO_SESSION)
            return "refused"
        found = find_resource(call.view, call.params.get("uri"), jsonrpc.RESOURCE_NOT_FOUND)
        uri = read_string(call.params.get("uri"))
        if isinstance(found, Problem) or uri is None:
            problem = found if isinstance(found, Problem) else invalid_param("uri", "is no string")
            call.form.refuse(call, problem)
            return "refused"
        change(call.session.id, uri, partial(self._subscribed, call.session.id, call))
        return "ok"

    def _subscribed(self, session: str, call: Call, error: GatewayError | None) -> None:
        """Answers when the upstream tells, where this replica has the session's stream."""
        stand = self._standing.get(session)
        if stand is None or error is not None:
            acknowledge(call, error)
        else:
            stand.following.ready(partial(acknowledge, call, None))

    def _session_changed(self, session: str, state: SessionState) -> None:
        stand = self._standing.get(session)
        if stand is None:
            return
        call = None if state.ended else stand.recall()
        if call is None:
            stand.ear.over()
        else:
            stand.following.want(call, frozenset(state.uris))

    def _replaced(self, session: str) -> None:
        stand = self._standing.get(session)
        if stand is not None:
            stand.ear.over()

    def _left(self, session: str, stand: _Stand) -> None:
        stand.remove()
        stand.unlist()
        stand.following.close()
        stand.ear.close()
        if self._standing.get(session) is stand:
            del self._standing[session]

    def _closed(
        self,
        ear: ModernEar,
        follow: tuple[Following, FollowingTasks],
        remove: Callable[[], None],
    ) -> None:
        remove()
        for following in follow:
            following.close()
        self._heartbeat.remove(ear)
        self._modern.pop(ear, None)

    def _watch_expiry(self) -> None:
        """While anybody listens."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EXPIRY_EVERY, self._expire)

    def expire(self) -> None:
        """Ends those whose credentials have expired; done from time to time while anybody
        listens."""
        self._register.expire()

    def _expire(self) -> None:
        self._timer = None
        self.expire()
        if len(self._register):
            self._watch_expiry()


def _begin(
    ear: ModernEar, lists: frozenset[List], following: Following, followed: FollowingTasks
) -> None:
    ear.begin(Filter(lists, following.uris, followed.ids))


def _observed(view: View) -> frozenset[List]:
    """The lists whose changes are seen here: those that are offered."""
    offered = _OFFERED.decode(view.capabilities)
    names: tuple[List, ...] = ("tools", "prompts", "resources")
    return frozenset(name for name in names if name in offered)
