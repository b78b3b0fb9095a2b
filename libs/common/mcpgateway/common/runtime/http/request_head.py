"""Collecting and judging one request head: the strictness that llhttp leaves to its user."""

from typing import Any, NoReturn

import httptools

from mcpgateway.common.runtime.http import wire
from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.common.runtime.http.server_exchange import Notes, ServerExchange, Sink

_LINE = 4  # ": " and CRLF
# Readers of the first and of the last of two would differ about who asks.
_ONCE = (b"authorization", b"origin")
_JUDGED = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect", *_ONCE})


class Refused(Exception):
    """A request that is answered by the server itself, and ends its connection."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class KnownHead:
    """What a judged head says, for itself and for those that repeat it."""

    __slots__ = ("_kept", "_method", "_notes", "_path", "_query", "_target")

    def __init__(self, exchange: ServerExchange) -> None:
        self._method = exchange.method
        self._target = exchange.target
        self._path = exchange.path
        self._query = exchange.query
        self._notes = exchange.notes
        self._kept = exchange.kept

    @property
    def notes(self) -> Notes:
        """The application's."""
        return self._notes

    def exchange(
        self, sink: Sink, length: int, headers: list[tuple[bytes, bytes]]
    ) -> ServerExchange:
        """Of a request with this head, a Content-Length and header lines of its own."""
        exchange = ServerExchange(sink, self._method, self._target)
        exchange.path, exchange.query = self._path, self._query
        exchange.headers = headers
        exchange.notes, exchange.kept = self._notes, self._kept
        exchange.declared = length
        return exchange


class RequestHead:
    """One per connection, begun anew for each request. Every method raises Refused."""

    def __init__(self, limits: ServerLimits) -> None:
        self._max_size = limits.header_bytes
        self._max_count = limits.header_count
        self._max_target = limits.target_bytes
        self._known_host: bytes | None = None  # the last value that was judged good
        self._kept: dict[str, Any] = {}  # by the application, for the connection
        # The Content-Length of the last head, when another request may follow it on the
        # connection and nothing but its body has to be read for it.
        self.repeatable: int | None = None
        self.known: KnownHead | None = None  # the last head that was `repeatable`
        self.begin()
        self.open = False

    def begin(self) -> None:
        self.open = True  # between the first byte and the end of the head
        self._target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self._judged: list[tuple[bytes, bytes]] = []
        self.notes = Notes()  # by the application, for requests with this head
        self._size = 0
        self.pieces = 0  # reads that ended within this head
        self._piece_bytes = 0

    def add_target(self, part: bytes) -> None:
        self._target += part
        if len(self._target) > self._max_target:
            raise Refused(414, f"the request target is over {self._max_target} bytes")

    def add(self, name: bytes, value: bytes) -> None:
        """Trailers, which come when the head is closed, count and are dropped."""
        self._size += len(name) + len(value) + _LINE
        if self._size > self._max_size:
            self._too_large()
        if not self.open:
            return
        name = name.lower()
        header = (name, value.rstrip())
        self.headers.append(header)
        if name in _JUDGED:
            self._judged.append(header)
        if len(self.headers) > self._max_count:
            raise Refused(431, f"the request has over {self._max_count} headers")

    def add_piece(self, size: int) -> None:
        """A read ended within the head. The first one may have begun with other messages and is
        not counted (it is bounded); the later ones are all head."""
        self.pieces += 1
        if self.pieces > 1:
            self._piece_bytes += size
            if self._piece_bytes > self._max_size:
                self._too_large()

    def _too_large(self) -> NoReturn:
        raise Refused(431, f"the request head is over {self._max_size} bytes")

    def exchange(self, sink: Sink, parser: httptools.HttpRequestParser) -> ServerExchange:
        """The exchange that this head asks for. Closes the head."""
        self.open = False
        method = parser.get_method().decode()
        exchange = ServerExchange(sink, method, self._target)
        self._judge_version(exchange, parser)
        try:
            exchange.path, exchange.query = wire.split_target(method, self._target)
        except ValueError as error:
            raise Refused(400, str(error)) from None
        exchange.headers = self.headers
        exchange.notes, exchange.kept = self.notes, self._kept
        exchange.persistent = parser.should_keep_alive()
        self._judge(exchange)
        plain = exchange.persistent and not (exchange.http10 or exchange.expects_continue)
        self.repeatable = exchange.declared if plain else None
        if self.repeatable is not None:
            self.known = KnownHead(exchange)
        return exchange

    def _judge_version(self, exchange: ServerExchange, parser: httptools.HttpRequestParser) -> None:
        if exchange.method == "CONNECT":
            raise Refused(501, "this is no proxy: CONNECT is not served")
        version = parser.get_http_version()
        if version != "1.1":
            if version != "1.0":
                raise Refused(505, "only HTTP/1.1 and HTTP/1.0 are served")
            exchange.http10 = True

    def _judge(self, exchange: ServerExchange) -> None:
        hosts = 0
        codings: list[bytes] = []
        for name, value in self._judged:
            if name == b"host":
                hosts += 1
                self._judge_host(exchange.target, value)
            elif name == b"content-length":
                exchange.declared = _length(value)
            elif name == b"transfer-encoding":
                codings.append(value)
            elif name == b"expect":
                self._judge_expect(exchange, value)
        if hosts != 1 and (hosts or not exchange.http10):
            raise Refused(400, "a request needs one Host header")
        if codings:
            self._judge_codings(exchange, codings)
        self._judge_repeats()

    def _judge_repeats(self) -> None:
        names = [name for name, _ in self._judged]
        for name in _ONCE:
            if names.count(name) > 1:
                raise Refused(400, f"header {name.decode()} was sent more than once")

    def _judge_host(self, target: bytes, value: bytes) -> None:
        if value != self._known_host:
            if not wire.is_host(value):
                raise Refused(400, "the Host header is not a host with an optional port")
            self._known_host = value
        # Readers of the one and of the other would differ about who is asked.
        if not (target.startswith(b"/") or wire.is_of_host(target, value)):
            raise Refused(400, "the Host header and the URL in the request target differ")

    def _judge_expect(self, exchange: ServerExchange, value: bytes) -> None:
        if value.lower() != b"100-continue":
            raise Refused(417, "the only expectation that is met is 100-continue")
        exchange.expects_continue = not exchange.http10

    def _judge_codings(self, exchange: ServerExchange, codings: list[bytes]) -> None:
        if exchange.http10:
            raise Refused(400, "HTTP/1.0 has no Transfer-Encoding")
        if not wire.is_chunked(codings):
            raise Refused(501, "the only transfer coding that is read is chunked")
        exchange.declared = None

    def body_framing(self) -> bytes:
        """The header lines that frame the body; none when there is no body."""
        lines = [
            b"%b: %b\r\n" % header
            for header in self._judged
            if header[0] in _FRAMING and header[1] != b"0"
        ]
        return b"".join(lines)


_FRAMING = (b"content-length", b"transfer-encoding")


def _length(value: bytes) -> int:
    if not value.isdigit() or len(value) > 18:
        raise Refused(400, "Content-Length is not a number of bytes")
    return int(value)
