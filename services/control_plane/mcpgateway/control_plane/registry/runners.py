"""What runners are asked: where each upstream of theirs is, and the tickets by which they know that
we ask."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec

from mcpgateway.common import runners, seal, tickets
from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.policy.propagation import Propagation, header_lines
from mcpgateway.common.processes import Environment, StdioTicket
from mcpgateway.common.routing import model as routing
from mcpgateway.common.routing.sealing import store_context
from mcpgateway.common.tickets import Purpose, Ticket
from mcpgateway.control_plane.registry.model import Transport, Upstream, environment_id, ticket_id
from mcpgateway.control_plane.registry.transports import stdio

Lines = tuple[tuple[str, str], ...]

SERVED: tuple[Transport, ...] = ("STDIO", "TUNNEL")
NOWHERE = "http://no-runner.invalid/mcp"  # what is routed while there is no runner: it fails so
_CALLERS = Propagation("headers", "X-Mcpgateway-Caller")
CALLER = "x-mcpgateway-caller-id"
_PURPOSES: dict[Transport, Purpose] = {"STDIO": "stdio", "TUNNEL": "tunnel"}


class Processes(Protocol):
    """What runners have of stdio servers. All raise UpstreamError, and InvalidCall where there is
    no runner."""

    async def look(self, upstream_id: str) -> bytes:
        """JSON of its instances."""

    async def stop(self, upstream_id: str) -> bytes:
        """The same, once all of its processes are told to end. The next call starts others."""

    async def end(self, upstream_id: str, moment: float) -> None:
        """Ends them for good: no ticket that was made before that moment starts another."""


@dataclass(frozen=True)
class Runners:
    """`urls` empty: there are none. `clock` gives seconds since 1970."""

    urls: tuple[str, ...]
    ring: seal.Sealer
    store: seal.Sealer
    entropy: Callable[[int], bytes]
    clock: Callable[[], float]

    def runner_of(self, upstream_id: str) -> str:
        """Its origin. Raises InvalidCall when there is none."""
        found = runners.runner_of(self.urls, upstream_id)
        if found is None:
            raise InvalidCall(
                f"there is no runner for local commands and tunnels: {runners.SETTING} names none"
            )
        return found

    def url(self, transport: Transport, upstream_id: str) -> str:
        """Where it is served as MCP over HTTP. Raises InvalidCall."""
        runner = self.runner_of(upstream_id)
        if transport == "TUNNEL":
            return runners.tunnel_url(runner, upstream_id)
        return runners.stdio_url(runner, upstream_id)

    def process_url(self, upstream_id: str) -> str:
        """Where its processes are looked at. Raises InvalidCall."""
        return runners.process_url(self.runner_of(upstream_id), upstream_id)

    def asking(self, purpose: Purpose, upstream_id: str, moment: float | None = None) -> Lines:
        """The header line of a request of our own; `moment` None: now."""
        issued = self.clock() if moment is None else moment
        return self._line(purpose, Ticket(upstream_id, issued))

    def serving(self, upstream: Upstream, environment: Environment) -> Lines:
        """The header line of all requests to an upstream. Raises ValueError when its options say
        nothing that this release understands, or too much."""
        if upstream.transport != "STDIO":
            return self._line(_PURPOSES[upstream.transport], Ticket(upstream.id, self.clock()))
        return self.running(upstream.id, upstream.name, upstream.transport_options, environment)

    def running(
        self, id: str, name: str, options: dict[str, Any], environment: Environment
    ) -> Lines:
        """The same of a stdio server that is only looked at. Raises ValueError."""
        process = stdio.process(stdio.read(options))
        ticket = StdioTicket(
            upstream=id,
            issued=self.clock(),
            name=name,
            process=process,
            environment=environment,
            caller=CALLER if process.instances == "principal" else "",
        )
        return self._line("stdio", ticket)

    def credential(
        self, upstream: Upstream, sealed: bytes | None, origin: routing.Origin
    ) -> routing.Credential:
        """What data planes get of it; `sealed` is its environment as the store has it. One that
        can not be made holds nothing, which nobody opens."""
        id = ticket_id(upstream.id)
        try:
            environment = self._environment(upstream.id, sealed) if sealed else ()
            lines = self.serving(upstream, environment)
        except (seal.SealError, ValueError):
            return routing.Credential(id, b"", origin)
        context = store_context("credential", id)
        plain = msgspec.json.encode(lines)
        sealed_lines = self.store.seal(plain, context, self.entropy(seal.NONCE_SIZE))
        return routing.Credential(id, sealed_lines, origin)

    def _environment(self, upstream_id: str, sealed: bytes) -> Environment:
        context = store_context("credential", environment_id(upstream_id))
        return msgspec.json.decode(self.store.open(sealed, context), type=Environment)

    def _line(self, purpose: Purpose, ticket: Ticket) -> Lines:
        text = tickets.make(self.ring, purpose, ticket, self.entropy(seal.NONCE_SIZE))
        return ((tickets.HEADER.decode(), text),)


def callers(upstream: Upstream) -> bytes:
    """How callers are named to a stdio server's runner; empty where it need not know."""
    each = upstream.transport_options.get("instances") == "principal"
    return msgspec.json.encode(_CALLERS) if each and upstream.transport == "STDIO" else b""


def ourselves() -> Lines:
    """The control plane, named as a caller."""
    lines = header_lines(_CALLERS, {"id": "mcpgateway"})
    return tuple((name.decode(), value.decode()) for name, value in lines)
