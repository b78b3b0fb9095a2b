"""One HTTP exchange as the server protocol hands it to an application, and what it asks of one.

An application is two synchronous calls on the event loop. `head` runs when the header block is
parsed and says how the body is to be taken; `handle` runs when the body is there (or at once, for
a streamed one) and may answer in the same turn of the loop, or later from a callback or a task.
Nothing here knows of MCP.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mcpgateway.common.runtime.http.passage import Passage, PassageListener
from mcpgateway.common.runtime.http.websocket import WebSocket, WebSocketListener

Headers = Sequence[tuple[bytes, bytes]]  # names are lower case


@dataclass(frozen=True, slots=True)
class BodyPlan:
    """How to take a request body: at most `limit` bytes, whole before `handle`, or streamed."""

    limit: int
    stream: bool = False


class Exchange(ABC):
    """A request and the sink for its response.

    `method`, `target` (as sent), `path` (raw, without query), `query`, `headers`, `peer`
    (host, port), `scheme`, and `body` (empty until `handle`, and for streamed bodies). `ended`: the
    response is complete; `gone`: the peer went away before it was.

    `notes`: what an application worked out from the head and would work out again. Requests that
    follow on a connection with the same head, Content-Length and `head_prediction.VARYING` aside,
    find it there; it must be true for all of them. `kept`: the same for all requests of a
    connection, whatever their heads.
    """

    __slots__ = (
        "body",
        "ended",
        "gone",
        "headers",
        "kept",
        "method",
        "notes",
        "path",
        "peer",
        "query",
        "scheme",
        "target",
    )

    method: str
    target: bytes
    path: str
    query: str
    headers: list[tuple[bytes, bytes]]
    peer: tuple[str, int]
    scheme: str
    body: bytes
    ended: bool
    gone: bool
    notes: dict[str, Any]
    kept: dict[str, Any]

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header by lower-case name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    @abstractmethod
    def chunks(self) -> AsyncIterator[bytes]:
        """A streamed request body. Reading slowly slows the peer down. Raises TooLarge, and
        ConnectionError when the peer goes away before the end."""

    @abstractmethod
    def respond(self, status: int, headers: Headers, body: bytes = b"") -> None:
        """The whole response at once; Content-Length is added. No effect once the peer is gone."""

    def respond_pieces(self, status: int, headers: Headers, pieces: Sequence[bytes]) -> None:
        """The same of a body in pieces. Where it can be helped they are not joined: copies of a
        long body cost as much as what the kernel does."""
        self.respond(status, headers, b"".join(pieces))

    @abstractmethod
    def start(self, status: int, headers: Headers) -> None:
        """The head of a streamed response (chunked unless a Content-Length is given)."""

    @abstractmethod
    def write(self, chunk: bytes) -> None:
        """A piece of a streamed response, sent on at once. Never blocks: see `drain`."""

    @abstractmethod
    def end(self) -> None:
        """The end of a streamed response."""

    @abstractmethod
    def abort(self) -> None:
        """Drop the connection: a started response can not be completed."""

    @property
    @abstractmethod
    def writable(self) -> bool:
        """False while the peer reads too slowly (the send buffer is over its high-water mark)."""

    @abstractmethod
    async def drain(self) -> None:
        """Wait until writable. Raises ConnectionError when the peer is gone."""

    @abstractmethod
    def on_writable(self, callback: Callable[[bool], None] | None) -> None:
        """Be told when `writable` changes (back-pressure for callback-style relays)."""

    @abstractmethod
    def on_gone(self, callback: Callable[[], None] | None) -> None:
        """Be told once when the peer goes away before the response has ended. Replaces an earlier
        callback; called at once when the peer is gone already."""

    def repeat_by(self, shortcut: "Shortcut") -> None:  # noqa: B027 - doing nothing is right
        """Ask the shortcut first for requests that follow on the connection with this head. Like
        `notes`, it must be right for all of them. A hint: without effect where connections do not
        know heads again."""

    def add_lines(self, lines: Headers) -> None:  # noqa: B027 - see below
        """Header lines for the response, whatever it will be (`joined`). It is not repeated by a
        shortcut. Without effect where another exchange brings the response to the client."""

    @property
    @abstractmethod
    def started(self) -> bool:
        """Whether a response head was sent."""

    def websocket(self, listener: WebSocketListener, *, subprotocol: str = "") -> WebSocket | None:
        """Answer the handshake of a WebSocket and become one. None, with nothing answered, when
        the request is no such handshake, or came by a way on which there are none."""
        return None

    def pass_on(self, headers: Headers, listener: PassageListener) -> Passage | None:
        """Answer 101 with these lines and give the connection's bytes away. None, with nothing
        answered, when more came with the request, or by a way on which there is no upgrade."""
        return None


def joined(headers: Headers, added: Headers) -> Headers:
    """With what was added; what a response says itself stands, but for Vary, which is a list."""
    own = {name for name, _ in headers if name != b"vary"}
    return (*headers, *(line for line in added if line[0] not in own))


class Turn(Protocol):
    """A connection's turn that a shortcut took. It ends with `answer`, or with that of the
    exchange."""

    def answer(self, head: bytes, body: bytes) -> None:
        """The whole response, a final status with a body; see `wire.whole_head` for `head`, which
        has no other lines than a server leaves to the application."""

    def answer_pieces(self, head: bytes, pieces: Sequence[bytes]) -> None:
        """The same with a long body, which is not joined."""

    def exchange(self) -> Exchange:
        """What is needed for any other response: the exchange that was spared. Once. It is `gone`
        when the client is."""


class Taken(Protocol):
    """A request that a shortcut took."""

    def left(self) -> None:
        """The client is gone, and no exchange was asked for. The turn must not be answered."""


class Shortcut(Protocol):
    """Answers requests that repeat a head, Content-Length and what `head_prediction` names aside,
    without an exchange: it is given to `Exchange.repeat_by`."""

    def take(self, body: bytes, turn: Turn) -> Taken | None:
        """None when this request is not for the shortcut, which then has done nothing: it is
        served as any other."""


class Application(Protocol):
    """What a server protocol drives. Neither call may block or raise; a raise is answered 500."""

    def head(self, exchange: Exchange) -> BodyPlan | None:
        """The plan for the body, or None when the exchange was answered already (refused)."""

    def handle(self, exchange: Exchange) -> None:
        """Answer, now or later."""


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Sizes in bytes, times in seconds."""

    header_bytes: int = 32 * 1024  # the whole header block, request line included
    header_count: int = 100
    target_bytes: int = 8 * 1024
    header_seconds: float = 10.0  # from the first byte of a request to the end of its headers
    body_seconds: float = 30.0  # longest silence within a body
    body_total_seconds: float = 300.0  # a whole body, but for the time when we do not read
    send_seconds: float = 30.0  # in which a peer takes 16 KiB of what waits for it, or the rest
    idle_seconds: float = 75.0  # keep-alive without a request
    send_high_water: int = 256 * 1024
    connections: int = 20_000  # above: accepted and answered 503, closed
