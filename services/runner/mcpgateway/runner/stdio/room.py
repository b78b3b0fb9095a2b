"""/stdio: who may ask, what is asked, and which instance answers.

A request is for one upstream, which its path names, and carries a ticket of the control plane for
it. Nothing is started for a request without one.
"""

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from mcpgateway.common import jsonrpc, tickets
from mcpgateway.common.errors import Denied, GatewayError, InvalidCall, NotFound, Unauthenticated
from mcpgateway.common.processes import StdioTicket
from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange
from mcpgateway.common.runtime.stdio.app import Translator
from mcpgateway.common.runtime.stdio.stopping import Stopping
from mcpgateway.common.runtime.stdio.supervised import Budget
from mcpgateway.common.seal import Sealer
from mcpgateway.common.tickets import Purpose, Ticket, TicketError
from mcpgateway.runner.stdio.allowed import NotAllowed
from mcpgateway.runner.stdio.instances import Instances, Upstream
from mcpgateway.runner.stdio.launching import House
from mcpgateway.runner.stdio.orders import GRACE, Orders, digest_of

log = logging.getLogger(__name__)

FRESH = 120.0  # seconds that a ticket for looking or ending is good for
_PATH = re.compile(r"/stdio/([A-Za-z0-9_-]{1,64})(?:/(mcp|stop|end))?")
_OPENED = 1024  # tickets that are kept open
_UPSTREAMS = 4096  # that are known at once; of more, one that runs nothing is forgotten
_SWEEP = 5.0  # seconds
_KEEP_ALIVE = 6  # sweeps
_JSON = ((b"content-type", b"application/json"),)
_OURS: dict[tuple[str, str], Purpose] = {
    ("GET", ""): "watch",
    ("POST", "stop"): "stop",
    ("POST", "end"): "end",
}


class _Opened(NamedTuple):
    ticket: StdioTicket
    digest: str


class StdioRoom:
    """An application of the HTTP server. `clock`: seconds since 1970; `most`: processes at once."""

    def __init__(self, ring: Sealer, house: House, clock: Callable[[], float], most: int) -> None:
        self._ring = ring
        self._house = house
        self._clock = clock
        self._budget = Budget(most, None, "MCPGATEWAY_STDIO_MAX_PROCESSES")
        self._orders = Orders()
        self._stopping = Stopping()
        self._upstreams: OrderedDict[str, Upstream] = OrderedDict()
        self._opened: OrderedDict[tuple[str, bytes], _Opened] = OrderedDict()

    def head(self, exchange: Exchange) -> BodyPlan | None:
        try:
            id, act = _place(exchange)
            if act != "mcp":
                self._ours(exchange, id, act)
                return None
            return self._app(exchange, id).head(exchange)
        except GatewayError as error:
            _refuse(exchange, error)
        return None

    def handle(self, exchange: Exchange) -> None:
        try:
            id, _ = _place(exchange)
            self._app(exchange, id).handle(exchange)
        except GatewayError as error:
            _refuse(exchange, error)

    @property
    def running(self) -> int:
        """Processes."""
        return sum(len(each.watch.running) for each in self._upstreams.values())

    @property
    def starts(self) -> int:
        """Of those that are known now."""
        return sum(each.watch.starts for each in self._upstreams.values())

    def _app(self, exchange: Exchange, id: str) -> Translator:
        """Raises Unauthenticated, Denied, Unavailable."""
        opened = self._open(exchange, id)
        upstream, instances = self._version(id, opened)
        return instances.get(_caller(exchange, opened.ticket), upstream.watch)

    def _open(self, exchange: Exchange, id: str) -> _Opened:
        text = _ticket(exchange)
        known = self._opened.get((id, text))
        if known is None:
            ticket = self._read("stdio", id, text, StdioTicket)
            known = _Opened(ticket, digest_of(ticket))
            self._opened[(id, text)] = known
            if len(self._opened) > _OPENED:
                self._opened.popitem(last=False)
        return known

    def _read(self, purpose: Purpose, id: str, text: bytes, type: type[tickets.T]) -> tickets.T:
        try:
            return tickets.read(self._ring, purpose, id, text.decode("latin-1"), type)
        except TicketError as error:
            raise Unauthenticated(str(error)) from error

    def _version(self, id: str, opened: _Opened) -> tuple[Upstream, Instances]:
        """The instances of what a ticket says, which may be new. Raises Denied."""
        ticket, digest = opened
        now = asyncio.get_running_loop().time()
        known = self._upstreams.get(id)
        instances = known.version(digest) if known is not None else None
        if instances is None:
            instances = self._prepared(id, ticket)  # before it counts as an order
        verdict = self._orders.judge(id, digest, ticket.issued, now)
        if verdict in ("older", "ended"):
            raise Denied(_PASSED[verdict])
        upstream = self._upstreams.setdefault(id, Upstream(id, self._clock, self._stopping))
        self._upstreams.move_to_end(id)
        if upstream.version(digest) is None:
            upstream.begin(digest, instances, ticket.name, GRACE)
            self._forget()
        return upstream, instances

    def _prepared(self, id: str, ticket: StdioTicket) -> Instances:
        try:
            launched = self._house.launched(id, ticket.process, ticket.environment)
        except (NotAllowed, OSError) as error:
            log.warning("%s of upstream %s is not run: %s", ticket.process.command, id, error)
            raise Denied(str(error)) from error
        return Instances(f"/stdio/{id}/mcp", launched, ticket, self._budget)

    def _ours(self, exchange: Exchange, id: str, act: str) -> None:
        """What the control plane itself asks. Raises Unauthenticated, NotFound."""
        purpose = _OURS.get((exchange.method, act))
        if purpose is None:
            raise NotFound("there is no such path")
        ticket = self._read(purpose, id, _ticket(exchange), Ticket)
        if abs(self._clock() - ticket.issued) > FRESH:
            raise Unauthenticated(f"the ticket is of another time: it is good for {FRESH:g} s")
        upstream = self._upstreams.get(id) or Upstream(id, self._clock, self._stopping)
        if purpose == "end" and self._orders.end(id, ticket.issued, _now()):
            upstream.stop(forget=True)
        elif purpose == "stop":
            upstream.stop(forget=False)
        exchange.respond(200, _JSON, jsonrpc.encode(upstream.shown()))

    def _forget(self) -> None:
        if len(self._upstreams) <= _UPSTREAMS:
            return
        for id, upstream in self._upstreams.items():
            if not upstream.watch.running:
                del self._upstreams[id]
                upstream.stop(forget=True)
                return

    async def upkeep(self) -> None:
        """Ends what nobody uses, keeps streams alive; runs until cancelled."""
        count = 0
        while True:
            await asyncio.sleep(_SWEEP)
            count += 1
            for upstream in list(self._upstreams.values()):
                upstream.sweep()
                if count % _KEEP_ALIVE == 0:
                    upstream.keep_alive()

    async def aclose(self) -> None:
        """End every process."""
        for upstream in self._upstreams.values():
            upstream.stop(forget=True)
        await self._stopping.wait()


class Closed:
    """What answers where something is off: `why` says by which setting."""

    def __init__(self, why: str) -> None:
        self._why = why

    def head(self, exchange: Exchange) -> BodyPlan | None:
        _refuse(exchange, Denied(self._why))
        return None

    def handle(self, exchange: Exchange) -> None:
        """Never called: `head` answers."""


_PASSED = {
    "older": "the gateway was changed since: this ticket is of a former version",
    "ended": "the gateway was disabled or deleted since this ticket was made",
}


def _now() -> float:
    return asyncio.get_running_loop().time()


def _place(exchange: Exchange) -> tuple[str, str]:
    """The upstream's id and what is asked of it. Raises NotFound."""
    found = _PATH.fullmatch(exchange.path)
    if found is None:
        raise NotFound("there is no such path")
    return found[1], found[2] or ""


def _ticket(exchange: Exchange) -> bytes:
    """Raises Unauthenticated."""
    text = exchange.header(tickets.HEADER)
    if text is None:
        raise Unauthenticated("a ticket of the control plane is required")
    return text


def _caller(exchange: Exchange, ticket: StdioTicket) -> str:
    """Raises InvalidCall when he has to be named and is not."""
    if not ticket.caller:
        return ""
    name = exchange.header(ticket.caller.encode())
    if not name:
        raise InvalidCall("each caller has an instance of his own here, and none was named")
    return name.decode("latin-1")


def _refuse(exchange: Exchange, error: GatewayError) -> None:
    headers = [*_JSON]
    if error.status == 503:
        headers.append((b"retry-after", b"5"))
    body = jsonrpc.error(None, jsonrpc.INVALID_REQUEST, error.message)
    exchange.respond(error.status, headers, body)
