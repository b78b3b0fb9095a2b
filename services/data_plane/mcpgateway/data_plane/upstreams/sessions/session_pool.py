"""The sessions that one replica has with legacy upstreams: made, shared, lent, idled out, ended."""

from collections import OrderedDict
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Generic, TypeVar

from mcpgateway.common.errors import GatewayError, Unavailable
from mcpgateway.data_plane.upstreams.request import UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions.session_key import SessionKey, session_key
from mcpgateway.data_plane.upstreams.sessions.upstream_session import UpstreamSession

S = TypeVar("S", bound=UpstreamSession)


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """`sessions` open at once, `per_upstream` of them with one upstream. An unused one is closed
    after `idle_seconds`; after `client_idle_seconds` when it is a client's own, which may have
    left something in it that the client comes back for. A client has `reply_seconds` for its reply
    to what an upstream asks it."""

    sessions: int = 10_000
    per_upstream: int = 10_000
    idle_seconds: float = 300.0
    client_idle_seconds: float = 3600.0
    reply_seconds: float = 300.0


class SessionPool(Generic[S]):
    """The sessions of one replica. Full: the one that has been idle longest is closed; when all
    are in use, the call is refused as Unavailable."""

    def __init__(
        self,
        make: Callable[[SessionKey | None, UpstreamRequest], S],
        limits: SessionLimits,
        clock: Callable[[], float],
    ) -> None:
        self._make = make
        self._limits = limits
        self._clock = clock
        self._keyed: dict[SessionKey, S] = {}
        self._spare: dict[SessionKey, list[S]] = {}  # exclusive ones that no call has
        self._idle: OrderedDict[S, None] = OrderedDict()  # longest idle first
        self._count: dict[str, int] = {}
        self._live: dict[S, str] = {}  # session -> upstream id

    def __len__(self) -> int:
        return len(self._live)

    def take(self, request: UpstreamRequest, lost: S | None = None) -> S:
        """The session for a request, opening or live; give it back after use. `lost`: the one
        that the upstream knows no more. Raises Unavailable."""
        key = session_key(request)
        session = None if key is None else self._at_hand(key)
        if session is None:
            session = self._new(key, request, lost)
        self.enter(session)
        return session

    def shared(self, request: UpstreamRequest) -> S | None:
        """The session that requests like this one find while it goes on, None where there is none
        or each has one for itself."""
        key = session_key(request)
        return None if key is None or key.exclusive else self._keyed.get(key)

    def enter(self, session: S) -> None:
        """One more call is in it; give it back after use."""
        session.calls += 1
        self._idle.pop(session, None)

    def give_back(self, session: S) -> None:
        """After use. A session that no other call would find is closed."""
        session.calls -= 1
        if session.calls or session not in self._live:
            return
        key = session.key
        if key is None or session.retired:
            self._close(session)
            return
        if key.exclusive:
            self._spare.setdefault(key, []).append(session)
        session.idle_since = self._clock()
        self._idle[session] = None
        session.rest()

    def discard(self, session: S) -> None:
        """Forget a session that is dead; the next request gets a new one."""
        if session not in self._live:
            return
        upstream = self._live.pop(session)
        self._idle.pop(session, None)
        self._count[upstream] -= 1
        if not self._count[upstream]:
            del self._count[upstream]
        self._unfindable(session)

    def expire(self) -> None:
        """Let go of what has been idle too long."""
        now = self._clock()
        for session in list(self._idle):
            if now - session.idle_since >= self._patience(session):
                self._leave(session)

    def end_client(self, client_session: str) -> None:
        """A client ended its session: so do its sessions with upstreams."""
        for key in [key for key in self._keyed if key.client == client_session]:
            self._close(self._keyed[key])

    def tell_client(self, client_session: str, message: bytes) -> None:
        """To the upstreams that have a session for a client's own."""
        for key, session in self._keyed.items():
            if key.client == client_session and session.state == "live":
                session.tell(message)

    def end_upstreams(self, ids: Set[str]) -> None:
        """Upstreams are gone, or elsewhere: idle sessions with them are closed now, others when
        their calls are over, and no new call gets one."""
        for session in [each for each, upstream in self._live.items() if upstream in ids]:
            session.retired = True
            self._unfindable(session)
            if not session.calls:
                self._close(session)

    def close_all(self) -> None:
        for session in list(self._live):
            self._leave(session)

    def _patience(self, session: S) -> float:
        own = session.key is not None and not session.key.shared
        return self._limits.client_idle_seconds if own else self._limits.idle_seconds

    def _at_hand(self, key: SessionKey) -> S | None:
        if not key.exclusive:
            return self._keyed.get(key)
        spare = self._spare.get(key)
        if not spare:
            return None
        session = spare.pop()  # the one used last: the others may idle out
        if not spare:
            del self._spare[key]
        return session

    def _unfindable(self, session: S) -> None:
        key = session.key
        if key is None:
            return
        if self._keyed.get(key) is session:
            del self._keyed[key]
        spare = self._spare.get(key, [])
        if session in spare:
            spare.remove(session)
            if not spare:
                del self._spare[key]

    def _new(self, key: SessionKey | None, request: UpstreamRequest, lost: S | None) -> S:
        upstream = request.upstream
        self._make_room(upstream.id, upstream.name)
        session = self._make(key, request)
        self._live[session] = upstream.id
        self._count[upstream.id] = self._count.get(upstream.id, 0) + 1
        if key is not None and not key.exclusive:
            self._keyed[key] = session
        session.on_death = lambda: self.discard(session)
        if lost is not None:
            session.succeed(lost)
        try:
            session.open()
        except GatewayError as error:
            session.died(error)
        return session

    def _make_room(self, upstream: str, name: str) -> None:
        if self._count.get(upstream, 0) >= self._limits.per_upstream:
            victim = next((idle for idle in self._idle if self._live[idle] == upstream), None)
        elif len(self._live) >= self._limits.sessions:
            victim = next(iter(self._idle), None)
        else:
            return
        if victim is None:
            raise Unavailable(
                f"all sessions with upstream {name!r} are in use: at most "
                f"{self._limits.per_upstream} with one upstream, {self._limits.sessions} in all"
            )
        self._leave(victim)

    def _close(self, session: S) -> None:
        self.discard(session)
        session.close()

    def _leave(self, session: S) -> None:
        self.discard(session)
        session.leave()
