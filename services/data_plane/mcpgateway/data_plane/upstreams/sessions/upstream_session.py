"""One session with a legacy upstream, whatever its transport: its state, and who waits for it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from itertools import count
from typing import Literal, NamedTuple, Protocol, Self

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import GatewayError, LimitExceeded, Unavailable
from mcpgateway.common.mcp.translate_notifications import more_verbose
from mcpgateway.data_plane.upstreams.faults import Refusal
from mcpgateway.data_plane.upstreams.sessions.session_key import SessionKey
from mcpgateway.data_plane.upstreams.traffic import Traffic

MAX_WAITERS = 1024


class Needs(NamedTuple):
    """What a call needs of its session: `level` is the least severe log level that its client is
    told ("" for none), `asks`: its client may be asked something."""

    level: str
    asks: bool


class Resident(Protocol):
    """Who stays in a session beyond calls, to hear of resources."""

    def updated(self, uri: str) -> None:
        """The upstream says that it is another now."""

    def stood(self) -> None:
        """The stream on which it says so is open, perhaps once more."""

    def fell(self, refusal: Refusal | None) -> None:
        """It is not, now. Unless it was refused it will be opened again."""

    def lost(self, error: GatewayError) -> None:
        """The session has ended."""


Stood = Literal["open", "refused", "full"]
"""Of the stream that belongs to no call. `open`: it is, or will be. `full`: there are too many."""

Answered = Callable[[jsonrpc.Frame | None], None]
"""Takes the response to a request of the gateway's own; None where there is none."""


class UpstreamSession(ABC):
    """At most 1,024 calls wait for it to open; the next one is refused."""

    traffic: Traffic

    def __init__(self, key: SessionKey | None) -> None:
        self.key = key
        # Whether requests go out under ids and progress tokens of the session's own, because
        # several clients' may be in it.
        self.renumbers = key is not None and key.shared
        self.state: Literal["opening", "live", "dead"] = "opening"
        self.revision = ""  # agreed on; known when it is live
        self.logs = False  # whether it has a log level; the last one set is `level`
        self.level = ""
        self.calls = 0
        self.retired = False  # no call gets it any more
        self._numbers = count(1)
        self.idle_since = 0.0
        self.on_death: Callable[[], None] = _nothing
        self.resident: Resident | None = None
        self._waiters: list[Callable[[GatewayError | None], None]] = []
        self._error: GatewayError | None = None

    @property
    def dead(self) -> bool:
        return self.state == "dead"

    def findable(self) -> bool:
        """Whether it is live and the next call gets it: which call that is, its key says."""
        return self.state == "live" and not self.retired

    def next_id(self) -> int:
        """An id that no other request of this session has."""
        return next(self._numbers)

    def next_quiet_id(self) -> str:
        """An id for a request of the gateway's own, which no client's can be."""
        return f"mcpgateway-{next(self._numbers)}"

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
        resident, self.resident = self.resident, None
        if resident is not None:
            resident.lost(error)
        self._wake(error)

    def _wake(self, error: GatewayError | None) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter(error)

    def should_set(self, level: str) -> bool:
        """A client's own session gets the log level that the client wants, a shared one that of
        who wants most; who wants less is told less."""
        own = self.key is not None and not self.key.shared
        return level != self.level if own else more_verbose(level, self.level)

    @abstractmethod
    def open(self) -> None:
        """Begin the handshake, which ends in `opened` or `died`."""

    def close(self) -> None:
        """End it; who still waits for it is refused."""
        self.died(Unavailable("the session with this upstream was closed"))
        self.farewell()

    def leave(self) -> None:
        """Let go of it here. Ends it where nobody else may go on with it."""
        self.close()

    @abstractmethod
    def rest(self) -> None:
        """No call is in it now; one may come at any time."""

    @abstractmethod
    def succeed(self, lost: Self) -> None:
        """Take the place of one that the upstream knows no more. Before `open`."""

    def prepare(self, needs: Needs, ready: Callable[[], None]) -> None:
        """Do for a live session what a call needs before it goes out, then call back. Nothing
        that goes wrong with it ends the call."""
        ready()

    def resource_updated(self, uri: str) -> None:
        """The upstream says so, on whichever stream."""
        if self.resident is not None:
            self.resident.updated(uri)

    @abstractmethod
    def ask(self, id: jsonrpc.Id, body: bytes, answered: Answered) -> None:
        """A request of the gateway's own."""

    @abstractmethod
    def stand(self, ready: Callable[[Stood], None]) -> None:
        """Have a stream that belongs to no call for as long as there is a resident."""

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
