"""The one place that connects: resolve, ask the address policy, connect to the very address that
was judged, so that a name can not change in between. TLS verifies the name, not the address.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import TypeVar

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.policy.addresses import METADATA_NAMES, AddressPolicy
from mcpgateway.common.runtime.http.client import Origin

DNS_SECONDS = 10.0
DNS_ENTRIES = 1024

ProtocolT = TypeVar("ProtocolT", bound=asyncio.Protocol)
PolicyOf = Callable[[Origin], AddressPolicy]


class Dialer:
    """Connects to origins. Keeps DNS answers for DNS_SECONDS, at most DNS_ENTRIES of them (full:
    the oldest goes)."""

    def __init__(
        self,
        policy_of: PolicyOf,
        tls: Mapping[str, ssl.SSLContext],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._policy_of = policy_of
        self._tls = tls
        self._system_tls: ssl.SSLContext | None = None
        self._loop = loop
        self._answers: dict[tuple[str, int], tuple[float, list[str]]] = {}

    async def connect(
        self, origin: Origin, factory: Callable[[], ProtocolT], timeout: float
    ) -> ProtocolT:
        """A connected protocol, within `timeout` seconds for all addresses together. Raises
        UpstreamUnreachable that names host, address and cause."""
        context = self._context(origin)
        until = self._loop.time() + timeout
        try:
            async with asyncio.timeout_at(until):
                addresses = await self.addresses(origin)
        except TimeoutError:
            raise UpstreamUnreachable(
                f"the name {origin.host} did not resolve within {timeout:g} s"
            ) from None
        problems: list[str] = []
        for left in range(len(addresses), 0, -1):
            address = addresses[-left]
            share = (until - self._loop.time()) / left
            try:
                async with asyncio.timeout(share):
                    return await self._connect_to(origin, address, factory, context)
            except OSError as error:
                problems.append(f"{address}: {_cause(error, timeout)}")
        raise UpstreamUnreachable(
            f"no connection to {origin.host}:{origin.port} ({'; '.join(problems)})"
        )

    async def addresses(self, origin: Origin) -> list[str]:
        """The addresses of an origin that may be called, at least one. Raises UpstreamUnreachable
        when the name does not resolve or the policy refuses every address."""
        host = origin.host.rstrip(".").lower()
        if host in METADATA_NAMES:
            raise UpstreamUnreachable(f"{origin.host} is cloud metadata, which is never called")
        found = [host] if _is_address(host) else await self._resolve(origin.host, origin.port)
        policy = self._policy_of(origin)
        problems = {address: policy.problem(address, origin.port) for address in found}
        allowed = [address for address in found if problems[address] is None]
        if not allowed:
            reasons = "; ".join(problem for problem in problems.values() if problem)
            raise UpstreamUnreachable(f"{origin.host} may not be called: {reasons}")
        return allowed

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
        address: str,
        factory: Callable[[], ProtocolT],
        context: ssl.SSLContext | None,
    ) -> ProtocolT:
        _, protocol = await self._loop.create_connection(
            factory,
            address,
            origin.port,
            ssl=context,
            server_hostname=origin.host if context is not None else None,
        )
        return protocol

    def _context(self, origin: Origin) -> ssl.SSLContext | None:
        if origin.scheme != "https":
            return None
        if origin.tls in self._tls:
            return self._tls[origin.tls]
        if origin.tls:
            raise UpstreamUnreachable(f"there is no TLS profile named {origin.tls!r}")
        if self._system_tls is None:
            self._system_tls = ssl.create_default_context()
        return self._system_tls


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _cause(error: Exception, timeout: float) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its TLS certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"the TLS handshake failed: {error.reason or error}"
    if isinstance(error, TimeoutError):
        return f"no connection within {timeout:g} s"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
