"""The one HTTP client of the control plane, behind the address guard.

Every address is judged where the connection is made: names by the resolver, whose allowed answers
are the very addresses dialled; literal addresses before the request. Redirects are never followed,
no proxy or cookie of the environment is used, and every failure is ours by name. It knows no MCP.
"""

import os
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.connector import AddrInfoType
from typing_extensions import override
from yarl import URL

from mcpgateway.common import sse
from mcpgateway.common.errors import (
    FieldProblem,
    InvalidCall,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.common.policy.addresses import METADATA_NAMES, AddressPolicy
from mcpgateway.common.runtime.http.tls import Tls, client_context

CONNECT_SECONDS = 5.0
BODY_LIMIT = 16 * 1024 * 1024
EXCERPT = 200

_KEEPALIVE_SECONDS = 4.0  # peers close at 5 s and up
_DEAD_PEER_SECONDS = 30  # standing streams: when TCP starts to ask whether the peer is there
_DEFAULT_PORTS = {"http": 80, "https": 443}


def shown(url: str) -> str:
    """The URL for messages: without query, which may hold a key, and without user information."""
    try:
        return str(URL(url).with_query(None).with_fragment(None).with_user(None))
    except ValueError:
        return "(no URL)"


def excerpt(body: bytes) -> str:
    """The start of a body on one line, printable."""
    text = " ".join(body[: 4 * EXCERPT].decode(errors="replace").split())
    return "".join(char if char.isprintable() else "?" for char in text[:EXCERPT])


class Answer:
    """A response whose body is still to be read. `request` names it: "POST http://x/mcp"."""

    def __init__(self, response: aiohttp.ClientResponse, request: str) -> None:
        self._response = response
        self.request = request
        self.status = response.status
        self.media_type = response.content_type.lower()

    def header(self, name: str) -> str | None:
        return self._response.headers.get(name)

    async def body(self, limit: int = BODY_LIMIT) -> bytes:
        """All of it. Raises UpstreamRejected when it is over `limit` bytes or breaks off."""
        parts = bytearray()
        async for chunk in self._chunks():
            parts += chunk
            if len(parts) > limit:
                raise UpstreamRejected(f"{self.request}: the answer is over {limit} bytes")
        return bytes(parts)

    async def beginning(self, limit: int) -> bytes:
        """At most `limit` bytes; the rest is not read. Raises UpstreamRejected when it breaks off
        before."""
        parts = bytearray()
        async for chunk in self._chunks():
            parts += chunk
            if len(parts) >= limit:
                break
        return bytes(parts[:limit])

    async def start(self) -> bytes:
        """At most the first chunk: for a message about a body that is not wanted."""
        with _translated(self.request):
            return (await self._response.content.readany())[: 4 * EXCERPT]

    async def events(self, limit: int = BODY_LIMIT) -> AsyncGenerator[sse.Event, None]:
        """The body as server-sent events, each at most `limit` bytes. Raises UpstreamRejected."""
        parser = sse.Parser(limit)
        async for chunk in self._chunks():
            try:
                events = parser.feed(chunk)
            except sse.EventTooLarge as error:
                raise UpstreamRejected(f"{self.request}: {error}") from error
            for event in events:
                yield event

    async def _chunks(self) -> AsyncIterator[bytes]:
        with _translated(self.request):
            async for chunk in self._response.content.iter_any():
                yield chunk


class Outbound:
    """Sends requests to addresses that the policy allows. Made by `open_outbound`."""

    def __init__(
        self, session: aiohttp.ClientSession, policy: AddressPolicy, verifies: bool = True
    ) -> None:
        """`verifies`: whether certificates of upstreams without an authority of their own are."""
        self._session = session
        self._policy = policy
        self.verifies = verifies

    @asynccontextmanager
    async def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        tls: Tls | None = None,
    ) -> AsyncIterator[Answer]:
        """One exchange; leaving closes what is unread. Only the connect has a time limit here.
        `tls` None: the system's CAs.

        Raises InvalidCall (not an http URL), UpstreamUnreachable (no connection, or refused by
        the guard), UpstreamRejected (the connection broke), UpstreamTimeout.
        """
        target = checked_url(url)
        refuse_host(self._policy, target)
        what = f"{method} {shown(url)}"
        secured = True if tls is None else await tls.context()  # True: as the connector says
        with _translated(what):
            response = await self._session.request(
                method, target, data=body, headers=headers, allow_redirects=False, ssl=secured
            )
        try:
            yield Answer(response, what)
        finally:
            # Not released to the pool: what is unread may never end.
            if response.content.at_eof():
                response.release()
            else:
                response.close()


@asynccontextmanager
async def open_outbound(
    policy: AddressPolicy,
    *,
    verify: bool = True,
    resolver: AbstractResolver | None = None,
) -> AsyncIterator[Outbound]:
    """`verify` False believes any certificate, but where an upstream has an authority of its own;
    `resolver` None: the system's."""
    guarded = GuardedResolver(policy, resolver or aiohttp.ThreadedResolver())
    connector = aiohttp.TCPConnector(
        resolver=guarded,
        use_dns_cache=False,  # an answer is judged and dialled, never kept
        limit=0,  # standing streams hold connections; callers bound their own concurrency
        keepalive_timeout=_KEEPALIVE_SECONDS,
        ssl=client_context(verify=verify),
        socket_factory=_socket,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, connect=CONNECT_SECONDS, sock_read=None),
        trust_env=False,
        headers={"Accept-Encoding": "identity"},
    ) as session:
        yield Outbound(session, policy, verify)


class GuardedResolver(AbstractResolver):
    """Resolves by another resolver and lets only allowed addresses through."""

    def __init__(self, policy: AddressPolicy, inner: AbstractResolver) -> None:
        self._policy = policy
        self._inner = inner

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises UpstreamUnreachable when no address is left, OSError when there was none."""
        found = await self._inner.resolve(host, port, family)
        problems = {each["host"]: self._policy.problem(each["host"], port) for each in found}
        allowed = [each for each in found if problems[each["host"]] is None]
        if found and not allowed:
            raise _refused(f"host {host!r}", "; ".join(_said(problems)))
        return allowed

    @override
    async def close(self) -> None:
        await self._inner.close()


def _said(problems: Mapping[str, str | None]) -> Iterator[str]:
    return (problem for problem in problems.values() if problem)


def checked_url(url: str) -> URL:
    """Raises InvalidCall that names field `url`."""
    try:
        target = URL(url)
        port = target.port
    except ValueError as error:
        raise _bad_url(f"is no URL: {error}") from error
    if target.scheme not in _DEFAULT_PORTS or not target.host or not port:
        raise _bad_url("must start with http:// or https:// and name a host")
    if target.user or target.password:
        raise _bad_url("must not hold a user name or password; use auth_type")
    return target


def _bad_url(problem: str) -> InvalidCall:
    return InvalidCall(f"url {problem}", errors=[FieldProblem("url", problem)])


def refuse_host(policy: AddressPolicy, url: URL) -> None:
    """Raises UpstreamUnreachable for a metadata name or a literal address that is not allowed."""
    host = (url.host or "").rstrip(".").lower()
    if host in METADATA_NAMES:
        raise _refused(f"host {host!r}", "it is a cloud metadata name, which is never called")
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return
    problem = policy.problem(host, url.port or _DEFAULT_PORTS[url.scheme])
    if problem:
        raise _refused(shown(str(url)), problem)


def _refused(what: str, why: str) -> UpstreamUnreachable:
    problem = FieldProblem("url", f"is refused: {why}", "address")
    return UpstreamUnreachable(f"{what} is refused: {why}", errors=[problem])


def _socket(info: AddrInfoType) -> socket.socket:
    family, type_, protocol, _, _ = info
    connection = socket.socket(family, type_, protocol)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _DEAD_PEER_SECONDS)
    connection.setblocking(False)
    return connection


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """The border: aiohttp's errors become ours."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise UpstreamUnreachable(f"{what}: no connection in {CONNECT_SECONDS:g} s") from error
    except aiohttp.ClientConnectorDNSError as error:
        raise UpstreamUnreachable(
            f"{what}: host name {error.host!r} does not resolve ({_reason(error.os_error)})"
        ) from error
    except (aiohttp.ClientSSLError, ssl.SSLError) as error:
        raise UpstreamUnreachable(f"{what}: no TLS connection: {error}") from error
    except aiohttp.ClientConnectorError as error:
        raise UpstreamUnreachable(
            f"{what}: no connection to {error.host}:{error.port} ({_reason(error.os_error)})"
        ) from error
    except aiohttp.InvalidURL as error:
        raise _bad_url(f"can not be called: {error}") from error
    except TimeoutError as error:
        raise UpstreamTimeout(f"{what}: no answer in time") from error
    except (aiohttp.ClientError, OSError) as error:
        raise UpstreamRejected(
            f"{what}: the connection broke before the answer was complete ({_reason(error)})"
        ) from error


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return str(error) or type(error).__name__
