"""Where an upstream's requests go and how they begin: everything that is the same for each call
to one upstream, worked out once per record of the routing table. No I/O."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from math import inf

import msgspec

from mcpgateway.common.errors import InvalidCall, UpstreamUnreachable
from mcpgateway.common.mcp import headers
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.modern import ACCEPT
from mcpgateway.common.policy.passthrough import OWN
from mcpgateway.common.routing.model import Upstream
from mcpgateway.common.runtime.http import request_url
from mcpgateway.common.runtime.http.client import PoolLimits, Timeouts
from mcpgateway.common.runtime.http.tls import Tls
from mcpgateway.common.runtime.http.wire import JSON
from mcpgateway.data_plane.upstreams.request import UpstreamRequest

USER_AGENT = b"mcpgateway"

# What decides how an upstream is reached: connections and sessions made by other values are left.
_REACHED_BY = (
    "url",
    "transport",
    "era",
    "loopback_allowed",
    "private_allowed",
    "ca_certificate",
    "client_cert",
)
_MAX_TARGETS = 10_000
_MAX_HEADS = 1_000  # kept of one upstream
_MAX_KEPT = 256  # bytes of a name whose head is kept

_TIMEOUTS = Timeouts()
_CONNECTIONS = PoolLimits().connections
TlsOf = Callable[[Upstream], Tls | None]


class Target:
    """One upstream as HTTP sees it; `tls` None: as all are. `timeouts` are changed to allow its
    `timeout_ms` to the first byte; those of a stream that is no call's are `endless`, those of a
    call that somebody else ends `patient`. `connections`: how many there may be."""

    __slots__ = (
        "_heads",
        "connections",
        "endless",
        "learnt",
        "origin",
        "patient",
        "standing",
        "timeouts",
        "upstream",
    )

    def __init__(
        self,
        upstream: Upstream,
        timeouts: Timeouts = _TIMEOUTS,
        tls: Tls | None = None,
        connections: int = _CONNECTIONS,
    ) -> None:
        self.upstream = upstream
        self.connections = connections
        try:
            self.origin, _ = request_url.split(upstream.url, tls)
        except InvalidCall as error:
            raise UpstreamUnreachable(f"upstream {upstream.name!r}: {error.message}") from error
        self.timeouts = replace(timeouts, first_byte=upstream.timeout_ms / 1000)
        self.endless = replace(self.timeouts, idle=inf, total=None)
        self.patient = replace(self.endless, first_byte=inf)
        self.standing = 0  # streams that belong to no call, open now
        self.learnt = False  # whether a result of this upstream was seen to name its type
        self._heads: dict[tuple[str, str, bytes | None], bytes] = {}

    @property
    def name(self) -> str:
        return self.upstream.name

    def timeouts_of(self, request: UpstreamRequest) -> Timeouts:
        return self.patient if request.patient else self.timeouts

    def modern_head(self, method: str, revision: str, name: bytes | None) -> bytes:
        """Up to and with `Mcp-Name`, for a name as JSON. Heads repeat, so they are kept; when
        they are very many, all are forgotten."""
        head = self._heads.get((method, revision, name))
        if head is None:
            head = self._modern_head(method, revision, name)
            if name is not None and len(name) > _MAX_KEPT:
                return head
            if len(self._heads) >= _MAX_HEADS:
                self._heads.clear()
            self._heads[method, revision, name] = head
        return head

    def _modern_head(self, method: str, revision: str, name: bytes | None) -> bytes:
        known = [(headers.PROTOCOL_VERSION, revision.encode()), (headers.METHOD, method.encode())]
        if name is not None:
            text = read_string(msgspec.Raw(name)) or ""
            known.append((headers.NAME, headers.encode_value(text).encode()))
        return self.post_head() + lines(known)

    def post_head(self, url: str = "") -> bytes:
        """Of a POST to the endpoint, or to another URL of the same origin. Raises InvalidCall for
        a URL that can not be sent."""
        return self.head("POST", url) + lines(
            [
                (b"accept", ACCEPT),
                (b"content-type", JSON),
            ]
        )

    def head(self, method: str, url: str = "") -> bytes:
        """Request line and the header lines that all requests have."""
        _, target = request_url.split(url or self.upstream.url)
        common = [(b"user-agent", USER_AGENT), (b"accept-encoding", b"identity")]
        return request_url.request_head(method, target, self.origin, common)


class Targets:
    """The targets in use, by upstream. Over 10,000 of them all are forgotten and made anew."""

    def __init__(
        self,
        timeouts: Timeouts = _TIMEOUTS,
        tls_of: TlsOf = lambda _upstream: None,
        connections: int = _CONNECTIONS,
    ) -> None:
        self.connections = connections
        self.base_timeouts = timeouts
        self._tls_of = tls_of
        self._known: dict[str, Target] = {}

    def of(self, upstream: Upstream) -> Target:
        """Made anew when the table brought another record. Raises UpstreamUnreachable, and what
        `tls_of` does."""
        target = self._known.get(upstream.id)
        if target is None or target.upstream is not upstream:
            target = Target(upstream, self.base_timeouts, self._tls_of(upstream), self.connections)
            if len(self._known) >= _MAX_TARGETS:
                self._known.clear()
            self._known[upstream.id] = target
        return target

    def forget_moved(
        self,
        upstreams: Mapping[str, Upstream],
        ids: Iterable[str] | None = None,
        renewed: Collection[str] = (),
    ) -> list[Target]:
        """Those whose upstream is gone or is reached otherwise now, or has one of the credentials
        `renewed`; `ids` are the upstreams that may be gone or moved, None for any."""
        known = self._known
        found = [known[id] for id in (list(known) if ids is None else ids) if id in known]
        moved = [each for each in found if _moved(each.upstream, upstreams.get(each.upstream.id))]
        if renewed:
            moved += [
                each
                for each in known.values()
                if each.upstream.credential in renewed and each not in moved
            ]
        for target in moved:
            del known[target.upstream.id]
        return moved


def _moved(old: Upstream, new: Upstream | None) -> bool:
    return new is None or reached_by(old) != reached_by(new)


def reached_by(upstream: Upstream) -> tuple[object, ...]:
    """Equal for records by which an upstream is reached in the same way."""
    return tuple([getattr(upstream, name) for name in _REACHED_BY])


def lines(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Header lines, each with its line end. Raises InvalidCall when a value would be two."""
    text = b"".join([b"%b: %b\r\n" % header for header in headers])
    if text.count(b"\n") != len(headers) or text.count(b"\r") != len(headers) or b"\0" in text:
        broken = next(name for name, value in headers if set(name + value) & set(b"\r\n\0"))
        shown = repr(broken.decode("latin-1"))
        raise InvalidCall(f"header {shown} holds a line break or a zero byte")
    return text


def callers_lines(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Lines of what comes with a call (credentials, pass-through), without the gateway's own."""
    return lines([header for header in headers if header[0] not in OWN]) if headers else b""
