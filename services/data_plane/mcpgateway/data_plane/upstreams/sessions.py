"""Which requests share a session with a legacy upstream, and the pool of those sessions.

Sessions are one replica's: another replica opens its own for the same client.

Rule 1: a session never serves two principals, nor, where it is shared, two sets of credentials.
Rule 2: a legacy client with a session of its own has its own session at each upstream.
Rule 3: an anonymous caller's session is that of its connection; a connection that nobody can
tell apart gets a session for the one call.
Rule 4: modern and stateless clients of one principal share a session if they declare the same
capabilities and revision.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count
from typing import Generic, Literal, NamedTuple, TypeVar

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, LimitExceeded, Unavailable
from mcpgateway.common.mcp.headers import PARAM_PREFIX
from mcpgateway.data_plane.upstreams.faults import Refusal
from mcpgateway.data_plane.upstreams.request import UpstreamRequest

# Headers of a call that say nothing of who calls.
_PER_CALL = frozenset({b"traceparent", b"tracestate", b"baggage", b"x-request-id"})

MAX_WAITERS = 1024


class SessionKey(NamedTuple):
    """Requests with equal keys may use one session. `client` is the client's own session or
    connection, "" where sessions are shared among a principal's clients."""

    upstream: str
    url: str
    principal: str
    client: str
    credentials: bytes
    capabilities: bytes
    revision: str

    @property
    def shared(self) -> bool:
        return self.client == ""


def session_key(request: UpstreamRequest) -> SessionKey | None:
    """The key of a request; None when its session is for this one call (rules at the top)."""
    client, upstream = request.client, request.upstream
    if client.session:
        owner = f"session {client.session}"
    elif client.principal:
        owner = ""
    elif client.connection:
        owner = f"connection {client.connection}"
    else:
        return None
    return SessionKey(
        upstream.id,
        upstream.url,
        client.principal,
        owner,
        b"" if client.session else _digest_of(request.headers),
        b"" if client.session else client.capabilities,
        client.revision,
    )


def credentials_digest(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Of the headers that tell callers apart; equal for equal headers in the same order."""
    digest = blake2b(digest_size=16)
    for name, value in headers:
        if name not in _PER_CALL and not name.startswith(PARAM_PREFIX):
            digest.update(b"%d:%b=%d:%b" % (len(name), name, len(value), value))
    return digest.digest()


_NONE = credentials_digest(())


def _digest_of(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Most upstreams get none: 1 us less."""
    return credentials_digest(headers) if headers else _NONE


class Session(ABC):
    """One session with an upstream, of either transport.

    At most 1,024 calls wait for it to open; the next one is refused.
    """

    def __init__(self, key: SessionKey | None) -> None:
        self.key = key
        # Whether requests go out under ids and progress tokens of the session's own, because
        # several clients' may be in it.
        self.renumbers = key is not None and key.shared
        self.state: Literal["opening", "live", "dead"] = "opening"
        self.calls = 0
        self._numbers = count(1)
        self.idle_since = 0.0
        self.on_death: Callable[[], None] = _nothing
        self._waiters: list[Callable[[GatewayError | None], None]] = []
        self._error: GatewayError | None = None

    @property
    def dead(self) -> bool:
        return self.state == "dead"

    def next_id(self) -> int:
        """An id that no other request of this session has."""
        return next(self._numbers)

    def when_open(self, waiter: Callable[[GatewayError | None], None]) -> None:
        """Calls back with None once the session is live (at once if it is), or with the reason
        why it can not be had. Raises LimitExceeded."""
        if self.state != "opening":
            waiter(self._error)
        elif len(self._waiters) >= MAX_WAITERS:
            raise LimitExceeded(f"{MAX_WAITERS} calls wait for a session with this upstream")
        else:
            self._waiters.append(waiter)

    def opened(self) -> None:
        self.state = "live"
        self._wake(None)

    def died(self, error: GatewayError) -> None:
        """It could not be opened, or is lost: who waits for it hears why."""
        if self.state == "dead":
            return
        self.state = "dead"
        self._error = error
        self.on_death()
        self._wake(error)

    def _wake(self, error: GatewayError | None) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter(error)

    @abstractmethod
    def open(self) -> None:
        """Begin the handshake, which ends in `opened` or `died`."""

    def close(self) -> None:
        """End it; who still waits for it is refused."""
        self.died(Unavailable("the session with this upstream was closed"))
        self.farewell()

    @abstractmethod
    def tell(self, message: bytes) -> None:
        """Send a notification or a response; whether it arrives is not waited for."""

    def cancelled(self, wire_id: jsonrpc.Id) -> None:
        """Tell that a request is no longer wanted."""
        params = b'{"requestId":%b,"reason":"the client cancelled it"}' % jsonrpc.encode(wire_id)
        self.tell(jsonrpc.notification("notifications/cancelled", params))

    @abstractmethod
    def lost(self, refusal: Refusal) -> bool:
        """Whether a refused request says that the upstream knows this session no more. It was
        not carried out."""

    @abstractmethod
    def farewell(self) -> None:
        """Tell the upstream, if it knows of the session; no answer is awaited."""


def _nothing() -> None:
    """Nobody keeps the session yet."""


S = TypeVar("S", bound=Session)


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """`sessions` open at once, `per_upstream` of them with one upstream. An unused one is closed
    after `idle_seconds`; after `client_idle_seconds` when it is a client's own, which may have
    left something in it that the client comes back for."""

    sessions: int = 10_000
    per_upstream: int = 10_000
    idle_seconds: float = 300.0
    client_idle_seconds: float = 3600.0


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
        self._idle: OrderedDict[S, None] = OrderedDict()  # longest idle first
        self._count: dict[str, int] = {}
        self._live: dict[S, str] = {}  # session -> upstream id

    def __len__(self) -> int:
        return len(self._live)

    def take(self, request: UpstreamRequest) -> S:
        """The session for a request, opening or live; give it back after use. Raises
        Unavailable."""
        key = session_key(request)
        session = None if key is None else self._keyed.get(key)
        if session is None:
            session = self._new(key, request)
        session.calls += 1
        self._idle.pop(session, None)
        return session

    def give_back(self, session: S) -> None:
        """After use. A session for one call is closed."""
        session.calls -= 1
        if session.calls or session not in self._live:
            return
        if session.key is None:
            self._close(session)
        else:
            session.idle_since = self._clock()
            self._idle[session] = None

    def discard(self, session: S) -> None:
        """Forget a session that is dead; the next request gets a new one."""
        if session not in self._live:
            return
        upstream = self._live.pop(session)
        self._idle.pop(session, None)
        self._count[upstream] -= 1
        if not self._count[upstream]:
            del self._count[upstream]
        if session.key is not None and self._keyed.get(session.key) is session:
            del self._keyed[session.key]

    def expire(self) -> None:
        """Close what has been idle too long."""
        now = self._clock()
        for session in list(self._idle):
            if now - session.idle_since >= self._patience(session):
                self._close(session)

    def end_client(self, client_session: str) -> None:
        """A client ended its session: so do its sessions with upstreams."""
        owner = f"session {client_session}"
        for key in [key for key in self._keyed if key.client == owner]:
            self._close(self._keyed[key])

    def close_all(self) -> None:
        for session in list(self._live):
            self._close(session)

    def _patience(self, session: S) -> float:
        own = session.key is not None and not session.key.shared
        return self._limits.client_idle_seconds if own else self._limits.idle_seconds

    def _new(self, key: SessionKey | None, request: UpstreamRequest) -> S:
        upstream = request.upstream
        self._make_room(upstream.id, upstream.name)
        session = self._make(key, request)
        self._live[session] = upstream.id
        self._count[upstream.id] = self._count.get(upstream.id, 0) + 1
        if key is not None:
            self._keyed[key] = session
        session.on_death = lambda: self.discard(session)
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
        self._close(victim)

    def _close(self, session: S) -> None:
        self.discard(session)
        session.close()
