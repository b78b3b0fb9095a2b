"""One request on its way through a front, and its answer on the way back.

The head of an answer is held until its first bytes come: until then the request can go to another
replica. That is done when nothing of it was sent, or when it may run twice (`safety`), at most
AGAIN times. Of any other the client is told that nobody knows whether it ran.
"""

from dataclasses import dataclass, field
from math import inf

from mcpgateway.common import jsonrpc, sse
from mcpgateway.common.errors import GatewayError, Unavailable, UpstreamRejected
from mcpgateway.common.mcp import envelope, headers
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.routing.table import Table
from mcpgateway.common.runtime.http.call import Call
from mcpgateway.common.runtime.http.client import HttpClient, Timeouts
from mcpgateway.common.runtime.http.client_connection import ClientConnection
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.wire import EVENT_STREAM, content_type
from mcpgateway.data_plane.edge import errors
from mcpgateway.data_plane.edge.callers import Tables
from mcpgateway.data_plane.edge.routes import Route, resolve
from mcpgateway.data_plane.front import safety
from mcpgateway.data_plane.front.counts import FrontCounts
from mcpgateway.data_plane.front.heads import Lines, declared_length, request_head, response_lines
from mcpgateway.data_plane.front.replicas import PATIENCE, Replica, Replicas
from mcpgateway.data_plane.pipeline import answer

TRIES = 32  # sendings that reached nobody
AGAIN = 3  # times that a request is sent again after it may have run
HELD = 256 * 1024  # bytes of a whole answer that are held until it is complete
# How long an answer may take is the replica's to say; that it lives, the lookout's.
_TIMES = Timeouts(connect=2.0, first_byte=inf, idle=inf, busy=PATIENCE)
_BLANK_LINES = (b"\n\n", b"\r\n\r\n", b"\r\r")
_UNKNOWN = "the replica that served this was lost: nobody knows whether it was carried out"
_NOBODY = "no replica can take this now"


@dataclass(frozen=True, slots=True)
class Way:
    """What all requests of a front share. `standing` are streams that only their client or their
    replica ends."""

    http: HttpClient
    replicas: Replicas
    tables: Tables
    counts: FrontCounts
    secret: bytes
    standing: set["Passing"] = field(default_factory=set)


class Passing:
    """Implements `Receiver` and `Traveller`. Begin with `start`."""

    __slots__ = (
        "_again",
        "_boundary",
        "_call",
        "_exchange",
        "_held",
        "_last",
        "_length",
        "_lines",
        "_replica",
        "_route",
        "_status",
        "_streamed",
        "_table",
        "_tries",
        "_way",
    )

    def __init__(self, exchange: Exchange, way: Way, *, streamed: bool) -> None:
        """`streamed`: the body comes piece by piece."""
        self._exchange = exchange
        self._way = way
        self._streamed = streamed
        self._route: Route = resolve(exchange.method, exchange.path)
        self._table: Table | None = way.tables.current  # by which it was sent first
        self._call: Call | None = None
        self._replica: Replica | None = None
        self._again = self._tries = 0
        self._begin()

    def _begin(self) -> None:
        """Forget a head that was not passed on."""
        self._status = 0
        self._lines: Lines = []
        self._length: int | None = None
        self._held = b""
        self._last = b""  # what was passed on of an event stream, lately
        self._boundary = True

    def start(self) -> None:
        self._exchange.on_gone(self._left)
        self._way.replicas.place(self)

    # For the replicas (`Traveller`).

    def go(self, replica: Replica) -> None:
        exchange = self._exchange
        head = request_head(exchange, self._way.secret)
        call = self._call = Call(head, exchange.body, self, False, _TIMES)
        if self._streamed:
            call.source = exchange.chunks()
        self._replica = replica
        replica.under_way.add(self)
        try:
            self._way.http.run(replica.origin, call)
        except Unavailable:  # the front is closing
            self._leave()
            self.stay()

    def stay(self) -> None:
        self._exchange.on_gone(None)
        self._way.counts.nobody += 1
        self._refuse(Unavailable(_NOBODY))

    def cut(self) -> None:
        call = self._call
        if call is not None:
            call.cancel()
            self._broken(unsent=False)

    # The answer (`Receiver`).

    def head(self, status: int, headers: Lines) -> None:
        self._status = status
        self._lines = response_lines(headers)
        self._length = declared_length(headers)
        if self._exchange.method == "GET" and content_type(headers) == EVENT_STREAM:
            self._way.standing.add(self)
            self._open()  # it may be silent for long

    def chunk(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange.started:
            self._write(data)
            return
        length = self._length
        if length is not None and length <= HELD:
            self._held = self._held + data if self._held else data
            return
        self._open()
        self._write(data)

    def done(self) -> None:
        self._leave()
        exchange = self._exchange
        if exchange.gone:
            return
        if exchange.started:
            exchange.on_writable(None)
            exchange.end()
        else:
            exchange.respond(self._status, self._lines, self._held)

    def failed(self, error: GatewayError) -> None:
        call = self._call
        # It comes to a connection when that is about to write it, and not before.
        unsent = call is None or not isinstance(call.runner, ClientConnection)
        self._broken(unsent=unsent)

    def _open(self) -> None:
        self._table = None  # old tables must not live as long as streams
        exchange = self._exchange
        exchange.start(self._status, self._lines)
        exchange.on_writable(self._steer)
        if not exchange.writable:
            self._steer(False)

    def _write(self, data: bytes) -> None:
        self._last = data
        self._exchange.write(data)

    def _steer(self, writable: bool) -> None:
        call = self._call
        if call is not None:
            if writable:
                call.resume()
            else:
                call.pause()

    # Ends.

    def end(self) -> None:
        """Of a standing stream: its client goes on elsewhere."""
        call, exchange = self._call, self._exchange
        self._leave()
        if call is not None:
            call.cancel()
        exchange.on_writable(None)
        if not (exchange.gone or exchange.ended):
            exchange.end()

    def _left(self) -> None:
        """The client is gone."""
        self._way.replicas.forget(self)
        call = self._call
        self._leave()
        if call is not None:
            call.cancel()

    def _leave(self) -> None:
        self._way.standing.discard(self)
        replica, self._replica, self._call = self._replica, None, None
        if replica is not None:
            replica.under_way.discard(self)

    def _broken(self, *, unsent: bool) -> None:
        replica = self._replica
        self._leave()
        if replica is not None:
            self._way.replicas.broken(replica)
        exchange = self._exchange
        if exchange.gone:
            return
        if exchange.started:
            self._way.counts.broken += 1
            self._break_off()
        elif unsent:
            self._tries += 1
            if self._tries < TRIES:
                self._way.replicas.place(self)
            else:
                self.stay()
        elif self._may_repeat():
            self._again += 1
            self._way.counts.again += 1
            self._begin()
            self._way.replicas.place(self)
        else:
            self._way.counts.unknown += 1
            exchange.on_gone(None)
            self._refuse(UpstreamRejected(_UNKNOWN, outcome_unknown=True))

    def _may_repeat(self) -> bool:
        """By the table of then and that of now."""
        exchange, table = self._exchange, self._table
        if self._streamed or self._again >= AGAIN or table is None:
            return False
        return all(
            safety.repeatable(exchange.method, self._route, exchange.body, each)
            for each in (table, self._way.tables.current)
        )

    def _break_off(self) -> None:
        """An answer that had begun. Where it is a stream of events, that is said in one."""
        exchange = self._exchange
        exchange.on_writable(None)
        requests = self._requests()
        events = content_type(self._lines) == EVENT_STREAM
        if not (events and requests and self._last.endswith(_BLANK_LINES)):
            exchange.abort()  # half an answer must not look like a whole one
            return
        problem = answer.problem_of(UpstreamRejected(_UNKNOWN, outcome_unknown=True))
        for frame in requests:
            if isinstance(frame.id, int | str) and not _answers(self._last, frame.id):
                exchange.write(sse.encode(answer.error_body(frame.id, problem), "message"))
        exchange.end()

    def _refuse(self, error: GatewayError) -> None:
        """In the way of whom it is for."""
        exchange = self._exchange
        requests = self._requests()
        problem = answer.problem_of(error)
        if not requests:
            advice = (errors.RETRY_AFTER,) if isinstance(error, Unavailable) else ()
            errors.refuse(exchange, error.status, error.code, error.message, advice)
        elif exchange.body.lstrip()[:1] == b"[":
            bodies = [answer.error_body(_id(frame), problem) for frame in requests]
            exchange.respond(200, (answer.JSON,), b"[" + b",".join(bodies) + b"]")
        else:
            era = "legacy" if self._route.room == "rpc" else self._era(requests[0])
            answer.refuse(exchange, era, _id(requests[0]), problem)

    def _requests(self) -> list[jsonrpc.Frame]:
        """Those of a body of JSON-RPC that have to be answered here."""
        if self._exchange.method != "POST" or self._route.room not in ("mcp", "rpc"):
            return []
        return [frame for frame in safety.messages(self._exchange.body) if frame.is_request]

    def _era(self, frame: jsonrpc.Frame) -> Era:
        params = frame.params if isinstance(frame.params, dict) else {}
        method = frame.method if isinstance(frame.method, str) else None
        version = self._exchange.header(headers.PROTOCOL_VERSION)
        return envelope.era_of(method, envelope.read_meta(params), version)


def _id(frame: jsonrpc.Frame) -> jsonrpc.Id | None:
    return frame.id if isinstance(frame.id, int | str) else None


def _answers(events: bytes, id: jsonrpc.Id) -> bool:
    """Whether the last bytes of a stream answer a request."""
    for event in sse.Parser().feed(events):
        try:
            frame = jsonrpc.decode_frame(event.data)
        except jsonrpc.FrameError:
            continue
        if frame.is_response and frame.id == id:
            return True
    return False
