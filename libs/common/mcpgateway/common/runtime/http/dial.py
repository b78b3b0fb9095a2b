"""The one place that connects: resolve, ask the address policy, connect to the very address that
was judged, so that a name can not change in between. TLS verifies the name, not the address.
"""

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import Generic, NamedTuple, TypeVar

from mcpgateway.common.errors import UpstreamTimeout, UpstreamUnreachable
from mcpgateway.common.policy.addresses import METADATA_NAMES, AddressPolicy
from mcpgateway.common.runtime.http.client import Origin
from mcpgateway.common.runtime.http.tls import Tls

DNS_SECONDS = 10.0
DNS_ENTRIES = 1024
STAGGER = 0.25  # seconds that an address has to itself before the next is tried too (RFC 8305)

ProtocolT = TypeVar("ProtocolT", bound=asyncio.Protocol)
PolicyOf = Callable[[Origin], AddressPolicy]


class Dialed(NamedTuple, Generic[ProtocolT]):
    """A connection, and the address at its other end."""

    protocol: ProtocolT
    address: str


class Dialer:
    """Connects to origins; those that say nothing of TLS as `tls` says. Keeps DNS answers for
    DNS_SECONDS, at most DNS_ENTRIES of them (full: the oldest goes)."""

    def __init__(self, policy_of: PolicyOf, tls: Tls, loop: asyncio.AbstractEventLoop) -> None:
        self._policy_of = policy_of
        self._tls = tls
        self._loop = loop
        self._answers: dict[tuple[str, int], tuple[float, list[str]]] = {}

    async def connect(
        self, origin: Origin, factory: Callable[[], ProtocolT], timeout: float
    ) -> Dialed[ProtocolT]:
        """A connected protocol, within `timeout` seconds for name and addresses together. The
        addresses are tried one STAGGER after the other, or as soon as one fails; the first that
        answers is it. Raises UpstreamUnreachable and UpstreamTimeout that name host, addresses
        and causes: nothing was sent then."""
        until = self._loop.time() + timeout
        try:
            async with asyncio.timeout_at(until):
                context = await self._context(origin)
                addresses = _alternating(await self.addresses(origin))
        except TimeoutError:
            late = f"the name {origin.host} did not resolve within {timeout:g} s"
            raise UpstreamTimeout(late, unsent=True) from None
        attempts = _Attempts(partial(self._connect_to, origin, factory, context), addresses)
        where = f"no connection to {origin.host}:{origin.port}"
        try:
            async with asyncio.timeout_at(until):
                dialed = await attempts.first()
        except TimeoutError:
            told = attempts.told("no answer")
            late = f"{where} within {timeout:g} s ({told})"
            raise UpstreamTimeout(late, unsent=True) from None
        if dialed is None:
            raise UpstreamUnreachable(f"{where} ({attempts.told()})")
        return dialed

    async def addresses(self, origin: Origin) -> list[str]:
        """The addresses of an origin that may be called, at least one. Raises UpstreamUnreachable
        when the name does not resolve or the policy refuses every address."""
        host = origin.host.rstrip(".").lower()
        if host in METADATA_NAMES:
            raise _Refused(f"{origin.host} is cloud metadata, which is never called")
        found = [host] if _is_address(host) else await self._resolve(origin.host, origin.port)
        policy = self._policy_of(origin)
        problems = {address: policy.problem(address, origin.port) for address in found}
        allowed = [address for address in found if problems[address] is None]
        if not allowed:
            reasons = "; ".join(problem for problem in problems.values() if problem)
            raise _Refused(f"{origin.host} may not be called: {reasons}")
        return allowed

    async def current(self, origin: Origin) -> frozenset[str] | None:
        """The addresses that would be called now; None when that can not be found out."""
        try:
            return frozenset(await self.addresses(origin))
        except _Refused:
            return frozenset()
        except UpstreamUnreachable:
            return None

    async def _resolve(self, host: str, port: int) -> list[str]:
        known = self._answers.get((host, port))
        if known is not None and known[0] > self._loop.time():
            return known[1]
        try:
            found = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise UpstreamUnreachable(f"the name {host} does not resolve: {reason}") from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        self._answers.pop((host, port), None)
        if len(self._answers) >= DNS_ENTRIES:
            del self._answers[next(iter(self._answers))]
        self._answers[(host, port)] = (self._loop.time() + DNS_SECONDS, addresses)
        return addresses

    async def _connect_to(
        self,
        origin: Origin,
        factory: Callable[[], ProtocolT],
        context: ssl.SSLContext | None,
        address: str,
    ) -> tuple[asyncio.Transport, ProtocolT]:
        return await self._loop.create_connection(
            factory,
            address,
            origin.port,
            ssl=context,
            server_hostname=origin.host if context is not None else None,
        )

    async def _context(self, origin: Origin) -> ssl.SSLContext | None:
        return await (origin.tls or self._tls).context() if origin.scheme == "https" else None


class _Refused(UpstreamUnreachable):
    """By the address policy."""


class _Attempts(Generic[ProtocolT]):
    """Connecting to one of several addresses."""

    def __init__(
        self,
        connect: Callable[[str], Awaitable[tuple[asyncio.Transport, ProtocolT]]],
        addresses: Sequence[str],
    ) -> None:
        self._connect = connect
        self._addresses = addresses
        self._problems: dict[str, str] = {}

    async def first(self) -> Dialed[ProtocolT] | None:
        """None when all have failed. Whatever else got a connection loses it again."""
        waiting = deque(self._addresses)
        running: dict[asyncio.Future[tuple[asyncio.Transport, ProtocolT]], str] = {}
        try:
            while waiting or running:
                if waiting:
                    address = waiting.popleft()
                    running[asyncio.ensure_future(self._connect(address))] = address
                patience = STAGGER if waiting else None
                done, _ = await asyncio.wait(
                    running, timeout=patience, return_when=asyncio.FIRST_COMPLETED
                )
                for attempt in done:
                    address = running.pop(attempt)
                    if self._succeeded(attempt, address):
                        return Dialed(attempt.result()[1], address)
            return None
        finally:
            await _given_up(running)

    def _succeeded(
        self, attempt: asyncio.Future[tuple[asyncio.Transport, ProtocolT]], address: str
    ) -> bool:
        error = attempt.exception()
        if error is None:
            return True
        if not isinstance(error, OSError):
            raise error
        self._problems[address] = _cause(error)
        return False

    def told(self, otherwise: str = "") -> str:
        """What became of each address; of those without a result, `otherwise`."""
        found = [(each, self._problems.get(each, otherwise)) for each in self._addresses]
        return "; ".join(f"{address}: {problem}" for address, problem in found)


async def _given_up(
    attempts: Iterable[asyncio.Future[tuple[asyncio.Transport, ProtocolT]]],
) -> None:
    attempts = list(attempts)
    for attempt in attempts:
        attempt.cancel()
    if attempts:
        await asyncio.wait(attempts)
    for attempt in attempts:
        if not attempt.cancelled() and attempt.exception() is None:
            attempt.result()[0].abort()


def _alternating(addresses: Sequence[str]) -> list[str]:
    """One of each family in turn, the preferred first: a family that does not work here costs one
    STAGGER, however many addresses of it there are."""
    first = ":" in addresses[0]
    same = [address for address in addresses if (":" in address) is first]
    other = [address for address in addresses if (":" in address) is not first]
    return [each for each in chain(*zip_longest(same, other)) if each is not None]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _cause(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its TLS certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"the TLS handshake failed: {error.reason or error}"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    return error.strerror or str(error) or type(error).__name__
