"""Following resources at a legacy upstream: in a session, by `resources/subscribe` for each. It
says what changed on the stream of the session that belongs to no call; without one nothing is
followed. A session that is lost is opened anew, and all are subscribed again.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, LimitExceeded, Unavailable
from mcpgateway.data_plane.upstreams.faults import Refusal
from mcpgateway.data_plane.upstreams.request import UpstreamRequest
from mcpgateway.data_plane.upstreams.sessions.session_pool import SessionPool
from mcpgateway.data_plane.upstreams.sessions.upstream_session import Stood, UpstreamSession
from mcpgateway.data_plane.upstreams.watching import Tempo, Watcher

S = TypeVar("S", bound=UpstreamSession)

SUBSCRIBE = "resources/subscribe"
UNSUBSCRIBE = "resources/unsubscribe"
AT_ONCE = 8  # requests under way of one watch


class SessionWatch(Generic[S]):
    """Implements `watching.Watch`, and is the resident of its session: there is one of a kind.
    `request` says whose session it is."""

    def __init__(
        self, pool: SessionPool[S], request: UpstreamRequest, watcher: Watcher, tempo: Tempo
    ) -> None:
        self._pool = pool
        self._request = request
        self._watcher = watcher
        self._tempo = tempo
        self._loop = asyncio.get_running_loop()
        self._wanted: frozenset[str] = frozenset()
        self._session: S | None = None
        self._ledger = _Ledger()
        self._standing = False  # there is a session, and an upstream that offers a stream in it
        self._fallen = False  # the stream is not there now
        self._told: tuple[frozenset[str], frozenset[str]] | None = None  # what the watcher knows
        self._gap = False
        self._since = 0.0
        self._failures = 0
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    def want(self, uris: frozenset[str]) -> None:
        self._wanted = uris
        if self._over:
            return
        if self._standing:
            self._subscribe()
        elif self._session is None and self._timer is None:
            self._begin(None)

    def close(self) -> None:
        """Unsubscribes, unless the session is this one's alone or is gone."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        session = self._session
        if session is not None:
            for uri in self._ledger.subscribed if self._standing else ():
                self._send(session, UNSUBSCRIBE, uri, _ignored)
            self._leave(session)

    # The resident.

    def updated(self, uri: str) -> None:
        if uri:
            self._watcher.updated(uri)

    def stood(self) -> None:
        fallen, self._fallen = self._fallen, False
        if fallen and self._told is not None:
            self._gap = True
            if self._standing:
                self._subscribe()

    def fell(self, refusal: Refusal | None) -> None:
        if refusal is None:
            self._fallen = True
        elif self._session is not None and self._standing:
            self._give_up(lasting=True)

    def lost(self, error: GatewayError) -> None:
        session = self._session
        if session is None:
            return
        if self._standing and self._loop.time() - self._since >= self._tempo.pace.settled:
            self._failures = 0
        self._gap = self._gap or self._told is not None
        self._leave(session)
        self._later(session)

    def _begin(self, lost: S | None) -> None:
        try:
            session = self._session = self._pool.take(self._request, lost)
        except Unavailable:
            self._give_up(lasting=False)
            return
        try:
            session.when_open(lambda error: self._opened(session, error))
        except LimitExceeded:
            self._leave(session)
            self._later(None)

    def _opened(self, session: S, error: GatewayError | None) -> None:
        if session is not self._session:
            return
        if error is not None:
            self._leave(session)
            self._later(None)
            return
        session.resident = self
        session.stand(lambda stood: self._stood(session, stood))

    def _stood(self, session: S, stood: Stood) -> None:
        if session is not self._session:
            return
        if stood != "open":
            self._give_up(lasting=stood == "refused")
            return
        self._standing = True
        self._since = self._loop.time()
        self._subscribe()

    def _subscribe(self) -> None:
        """As many as may be under way; says so when all are done."""
        session = self._session
        while session is not None and session is self._session and self._ledger.room:
            task = self._ledger.next(self._wanted)
            if task is None:
                break
            method, uri = task
            self._send(session, method, uri, self._done(session, method, uri))
        if session is not None and session is self._session and not self._ledger.under_way:
            self._say()

    def _done(self, session: S, method: str, uri: str) -> Callable[[jsonrpc.Frame | None], None]:
        def done(frame: jsonrpc.Frame | None) -> None:
            if session is not self._session:
                return
            self._ledger.done(method, uri, well=_is_well(frame))
            if _is_unknown(frame) and method == SUBSCRIBE:
                self._give_up(lasting=True)
            else:
                self._subscribe()

        return done

    def _send(
        self,
        session: S,
        method: str,
        uri: str,
        answered: Callable[[jsonrpc.Frame | None], None],
    ) -> None:
        id = session.next_quiet_id()
        params = b'{"uri":%b}' % jsonrpc.encode(uri)
        session.ask(id, jsonrpc.request(id, method, params), answered)

    def _say(self) -> None:
        known = (self._wanted, self._wanted & self._ledger.subscribed)
        if known == self._told and not self._gap:
            return
        gap, self._gap = self._gap, False
        self._told = known
        self._watcher.standing(*known, gap=gap)

    def _later(self, lost: S | None) -> None:
        if self._over:
            return
        wait = self._tempo.wait(self._failures)
        self._failures += 1
        self._timer = self._loop.call_later(wait, self._again, lost)

    def _again(self, lost: S | None) -> None:
        self._timer = None
        self._begin(lost)

    def _leave(self, session: S) -> None:
        self._session = None
        self._standing = self._fallen = False
        self._ledger = _Ledger()
        if session.resident is self:
            session.resident = None
        self._pool.give_back(session)

    def _give_up(self, *, lasting: bool) -> None:
        self.close()
        self._watcher.refused(lasting=lasting)


class _Ledger:
    """What is subscribed in one session, and what is on its way to be or not to be. What the
    upstream refused is not asked for again until it is no longer wanted."""

    def __init__(self) -> None:
        self.subscribed: set[str] = set()
        self.under_way: set[str] = set()
        self._refused: set[str] = set()

    @property
    def room(self) -> bool:
        return len(self.under_way) < AT_ONCE

    def next(self, wanted: frozenset[str]) -> tuple[str, str] | None:
        """The next request: its method, and the URI."""
        self._refused &= wanted
        for method, uris in (
            (SUBSCRIBE, wanted - self.subscribed - self._refused - self.under_way),
            (UNSUBSCRIBE, self.subscribed - wanted - self.under_way),
        ):
            uri = min(uris, default=None)
            if uri is not None:
                self.under_way.add(uri)
                return method, uri
        return None

    def done(self, method: str, uri: str, *, well: bool) -> None:
        self.under_way.discard(uri)
        if method == UNSUBSCRIBE:
            self.subscribed.discard(uri)
        elif well:
            self.subscribed.add(uri)
        else:
            self._refused.add(uri)


def _is_well(frame: jsonrpc.Frame | None) -> bool:
    return frame is not None and isinstance(frame.error, msgspec.UnsetType)


def _is_unknown(frame: jsonrpc.Frame | None) -> bool:
    """Whether the upstream knows nothing of subscriptions."""
    if frame is None or isinstance(frame.error, msgspec.UnsetType):
        return False
    return jsonrpc.decode_error(frame.error).code == jsonrpc.METHOD_NOT_FOUND


def _ignored(_: jsonrpc.Frame | None) -> None:
    """A farewell."""
