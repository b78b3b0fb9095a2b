"""What the pooled HTTP client offers, apart from how it does it (see `pool`)."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime.http.tls import Tls

if TYPE_CHECKING:  # a call knows its receiver, which is below
    from mcpgateway.common.runtime.http.call import Call

Headers = Sequence[tuple[bytes, bytes]]  # names are lower case


class Origin(NamedTuple):
    """Where connections go, and how those of https are secured: None as the pool's own are."""

    scheme: str
    host: str
    port: int
    tls: Tls | None = None


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. `connect` is for the name, the connection and TLS together; `idle` the longest
    silence within a response; `total` for everything, None: unlimited; `busy` how long a call
    waits while every connection that may be made is in use."""

    connect: float = 5.0
    first_byte: float = 60.0
    idle: float = 300.0
    total: float | None = None
    busy: float = 10.0


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Per origin and TLS profile. A request that finds all busy waits; `waiters` full: refused at
    once."""

    connections: int = 256
    waiters: int = 1024
    keepalive_seconds: float = 4.0  # reuse only what was idle for less (peers close at 5 s and up)
    header_bytes: int = 64 * 1024
    address_seconds: float = 30.0  # between looks whether connections go where the name points


class Receiver(Protocol):
    """Takes one response by callbacks, on the loop, in order: head, chunk*, then done or failed.

    `failed` may come at any time after `send` has returned and is the last call; its error is
    UpstreamUnreachable, UpstreamTimeout, UpstreamRejected (with `outcome_unknown` when bytes had
    been sent) or Unavailable (too many calls wait, or one waited too long, or the client is
    closing); Bug when the receiver raised.
    """

    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None: ...

    def chunk(self, data: bytes) -> None: ...

    def done(self) -> None: ...

    def failed(self, error: GatewayError) -> None: ...


class Ticket(Protocol):
    """A request under way."""

    def cancel(self) -> None:
        """Stop: the connection is closed, the receiver hears nothing more."""

    def pause(self) -> None:
        """Stop reading the response (back-pressure)."""

    def resume(self) -> None: ...


class Response(Protocol):
    """A response for coroutines. Use as an async context manager: leaving closes what is unread."""

    status: int
    headers: list[tuple[bytes, bytes]]

    def header(self, name: bytes) -> bytes | None: ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises UpstreamRejected, UpstreamTimeout."""

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises UpstreamRejected when it is over `limit` bytes."""

    async def __aenter__(self) -> "Response": ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class HttpClient(Protocol):
    """The pool as its users see it."""

    def send(
        self,
        origin: Origin,
        head: bytes,
        body: bytes,
        receiver: Receiver,
        *,
        safe: bool = False,
        timeouts: Timeouts | None = None,
    ) -> Ticket:
        """Callback style, for the hot path. `head` is the request line and header lines without
        `content-length` and without the blank line. A free pooled connection is written to before
        this returns. `safe`: may be sent again on a fresh connection when a reused one closes
        before the first response byte; otherwise that is UpstreamRejected(outcome_unknown)."""

    def run(self, origin: Origin, call: "Call") -> None:
        """`send`, for a call that is made already. Raises Unavailable once the client is closed."""

    async def request(
        self,
        method: str,
        url: str,
        headers: Headers = (),
        body: bytes | AsyncIterator[bytes] = b"",
        *,
        safe: bool = False,
        timeouts: Timeouts | None = None,
        tls: Tls | None = None,
    ) -> Response:
        """Coroutine style, returns when the head is there. An iterator body goes out chunked.
        Raises UpstreamError."""

    def close_origin(self, origin: Origin) -> None:
        """Close the idle connections of an origin now and the busy ones when they are done."""

    async def aclose(self) -> None: ...
