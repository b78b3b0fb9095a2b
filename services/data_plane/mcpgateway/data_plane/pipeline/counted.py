"""What became of calls, in numbers: the one place where a call is counted, whichever way it went.

A call has one outcome: `ok` (answered, whatever the answer says), `refused` (the call itself was
at fault), `cancelled` (its client took it back or left), or the code of the error that ended it.
"""

import time
from collections.abc import Callable, Mapping

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.metrics.instruments import OTHER, Counter, Histogram, Registry
from mcpgateway.common.routing.model import Upstream
from mcpgateway.data_plane.pipeline.call import Call
from mcpgateway.data_plane.pipeline.decided import Cell, Decisions
from mcpgateway.data_plane.upstreams.request import Answered, Question, Sink, Ticket

SERIES = 1_000  # combinations of server, upstream and method; those that come after share one
_OUTCOMES = 32  # at most of each
_LABELS = ("server", "upstream", "method")
_REFUSED = frozenset({"refused", "denied", "limit_exceeded"})
Key = tuple[str, str, str]


class Series:
    """The instruments of one server, upstream ("" where none is asked) and method."""

    __slots__ = ("_clock", "_count", "_outcomes", "_seconds", "in_flight", "ok", "received")

    def __init__(
        self,
        count: Callable[[str], Counter],
        seconds: Histogram,
        received: Counter,
        clock: Callable[[], float],
    ) -> None:
        self._count = count
        self._clock = clock
        self._outcomes: dict[str, Counter] = {}
        self.ok = count("ok")
        self._seconds = seconds
        self.received = received
        self.in_flight = 0

    def outcome(self, name: str) -> Counter:
        counter = self._outcomes.get(name)
        if counter is None:
            counter = self._outcomes[name] = self._count(name)
        return counter

    def begin(self) -> float:
        """A call goes out now: give `end` what this returns, once."""
        self.in_flight += 1
        return self._clock()

    def end(self, began: float, outcome: Counter) -> None:
        self.in_flight -= 1
        self._seconds.observe(self._clock() - began)
        outcome.value += 1


class Calls:
    """`clock` gives seconds. Each call is told to `decisions` too; without, to nobody."""

    def __init__(
        self,
        registry: Registry,
        clock: Callable[[], float] = time.perf_counter,
        decisions: Decisions | None = None,
    ) -> None:
        self._clock = clock
        self._decisions = decisions or Decisions(lambda _: "")
        self._series: dict[Key, Series] = {}
        self._total = registry.counters(
            "mcpgateway_calls_total",
            "Calls of MCP methods that ended, by how.",
            (*_LABELS, "outcome"),
            limit=SERIES * _OUTCOMES,
        )
        self._seconds = registry.histograms(
            "mcpgateway_call_duration_seconds",
            "From the decision to call an upstream to the end of its answer.",
            _LABELS,
        )
        self._received = registry.counters(
            "mcpgateway_call_response_bytes_total",
            "Bytes of answers of upstreams that were passed on.",
            _LABELS,
        )
        registry.read(
            "gauge",
            "mcpgateway_calls_in_flight",
            "Calls that wait for their upstream, or for the rest of its answer.",
            _LABELS,
            lambda: [
                (key, each.in_flight) for key, each in self._series.items() if _has_upstream(key)
            ],
        )

    def count(self, call: Call, outcome: str, rule: str = "") -> None:
        """A call that ended without an upstream. `rule`: what refused it, where one did."""
        self._of(call, "").outcome(outcome).value += 1
        self._decisions.of(call, "deny" if outcome in _REFUSED else "allow", rule).count += 1

    def ending(self, call: Call) -> Callable[[str], None]:
        """The same for a call that ends later: tell what is returned how. Holds no call."""
        series, cell = self._of(call, ""), self._decisions.of(call)

        def count(outcome: str) -> None:
            series.outcome(outcome).value += 1
            cell.count += 1

        return count

    def begin(self, call: Call, upstream: Upstream, sink: Sink) -> "Counted":
        """A call that goes to an upstream now: give it this sink, and the ticket that comes back
        to this sink."""
        series, cell = self._of(call, upstream.slug), self._decisions.of(call)
        cell.count += 1
        return Counted(series, sink, series.begin(), cell)

    def _of(self, call: Call, upstream: str) -> Series:
        server = call.view.server
        key = ("" if server is None else server.name, upstream, call.method)
        series = self._series.get(key)
        return self._open(key) if series is None else series

    def _open(self, key: Key) -> Series:
        if len(self._series) >= SERIES:
            key = (OTHER, OTHER, OTHER)
            if key in self._series:
                return self._series[key]
        timed = _has_upstream(key)
        series = self._series[key] = Series(
            lambda outcome: self._total.of(*key, outcome),
            self._seconds.of(*key) if timed else Histogram(),
            self._received.of(*key) if timed else Counter(),
            self._clock,
        )
        return series


def _has_upstream(key: Key) -> bool:
    return key[1] != ""


class Counted:
    """Stands between an answer's sink and its upstream, in both directions (it implements Sink and
    Ticket), and counts when the call is over."""

    __slots__ = ("_began", "_over", "_sink", "cell", "series", "ticket")

    def __init__(self, series: Series, sink: Sink, began: float, cell: Cell) -> None:
        """`began` is what the series said; in `cell` calls like it are counted."""
        self.series = series
        self.cell = cell
        self._sink = sink
        self._began = began
        self._over = False
        self.ticket: Ticket | None = None

    def _end(self, outcome: Counter) -> None:
        if not self._over:
            self._over = True
            self.series.end(self._began, outcome)

    # The sink.

    def relay_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._sink.relay_head(status, headers)

    def relay_chunk(self, data: bytes) -> None:
        self.series.received.value += len(data)
        self._sink.relay_chunk(data)

    def relay_end(self) -> None:
        self._end(self.series.ok)
        self._sink.relay_end()

    def message(self, message: bytes) -> None:
        self.series.received.value += len(message)
        self._sink.message(message)

    def answer(self, response: bytes, *, status: int = 200) -> None:
        self.series.received.value += len(response)
        self._end(self.series.ok)
        self._sink.answer(response, status=status)

    def failed(self, error: GatewayError) -> None:
        self._end(self.series.outcome(error.code))
        self._sink.failed(error)

    def ask(self, questions: Mapping[str, Question], answered: Answered) -> None:
        self._sink.ask(questions, answered)

    # The ticket. A call that was over before its ticket came needs none.

    def cancel(self) -> None:
        self._end(self.series.outcome("cancelled"))
        if self.ticket is not None:
            self.ticket.cancel()

    def pause(self) -> None:
        if self.ticket is not None:
            self.ticket.pause()

    def resume(self) -> None:
        if self.ticket is not None:
            self.ticket.resume()
