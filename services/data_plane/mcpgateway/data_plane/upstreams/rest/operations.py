"""What is the same for all calls of a tool that is a REST operation, worked out once."""

from dataclasses import replace
from typing import NamedTuple

import msgspec

from mcpgateway.common.errors import GatewayError, UpstreamUnreachable
from mcpgateway.common.rest import building
from mcpgateway.common.rest.building import Operation
from mcpgateway.common.routing import rest_request
from mcpgateway.common.routing.model import Tool, Upstream
from mcpgateway.common.runtime.http import request_url
from mcpgateway.common.runtime.http.client import Origin, Timeouts
from mcpgateway.data_plane.upstreams.per_tool import PerTool
from mcpgateway.data_plane.upstreams.targets import USER_AGENT, Target, Targets, lines

TIMEOUT = 60.0  # seconds to the first byte, where neither tool nor upstream says anything
_KEPT = 10_000  # operations worked out
_STRUCTURED = b'"outputSchema"'


class Known(NamedTuple):
    """`base` are the header lines that all requests have, `own` their names, `typed` the line of
    the operation's `media_type`. `target` is the upstream of the tool, None where it has none.
    `timeouts` are of one request; `within`: their total is the whole call's, too."""

    tool: Tool
    operation: Operation
    origin: Origin
    timeouts: Timeouts
    within: bool
    base: bytes
    typed: bytes
    own: frozenset[bytes]
    structured: bool
    target: Target | None = None


class _Kept:
    """Of one record of a tool."""

    __slots__ = ("known", "operation")

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.known: Known | None = None


class Operations:
    def __init__(self, targets: Targets, timeouts: Timeouts) -> None:
        self._targets = targets
        self._timeouts = timeouts
        self._kept = PerTool(_read, _KEPT)

    def of(self, tool: Tool, upstream: Upstream) -> Known:
        """`upstream` is the tool's, or was made of it. Raises UpstreamUnreachable for an operation
        that can not be called, and what `Targets.of` does."""
        kept = self._kept.of(tool)
        target = self._targets.of(upstream) if tool.upstream else None
        if kept.known is None or kept.known.target is not target:
            kept.known = self._made(tool, kept.operation, target)
        return kept.known

    def _made(self, tool: Tool, operation: Operation, target: Target | None) -> Known:
        origin = _origin(tool, operation.url.base)
        timeouts = self._timeouts
        seconds = TIMEOUT
        if target is not None:
            if origin != target.origin._replace(tls=None):
                said = f"it is at {operation.url.base}, which is not the origin of its upstream"
                raise UpstreamUnreachable(f"tool {tool.name!r} can not be called: {said}")
            origin, timeouts = target.origin, target.timeouts
            seconds = timeouts.first_byte
        if tool.timeout_ms:
            seconds = tool.timeout_ms / 1000
            timeouts = replace(timeouts, total=seconds)
        # Answers are read whole: one that comes by drops would never be silent, nor ever be over.
        total = seconds + timeouts.idle if timeouts.total is None else timeouts.total
        own = frozenset(name for name, _ in operation.headers) | {b"content-type"}
        common = [(b"host", request_url.host_value(origin)), (b"accept-encoding", b"identity")]
        if b"user-agent" not in own:
            common.append((b"user-agent", USER_AGENT))
        return Known(
            tool,
            operation,
            origin,
            replace(timeouts, first_byte=seconds, total=total),
            timeouts.total is not None,
            lines([*common, *operation.headers]),
            typed(operation.media_type),
            own,
            _STRUCTURED in tool.definition,
            target,
        )


def typed(media_type: str) -> bytes:
    """The header line that says so, none for ""."""
    return lines([(b"content-type", media_type.encode())]) if media_type else b""


def _read(tool: Tool) -> _Kept:
    try:
        return _Kept(building.operation(rest_request.decode(tool.request)))
    except (msgspec.DecodeError, ValueError) as error:
        raise UpstreamUnreachable(f"tool {tool.name!r} can not be called: {error}") from error


def _origin(tool: Tool, base: str) -> Origin:
    try:
        return request_url.split(base)[0]
    except GatewayError as error:
        raise UpstreamUnreachable(f"tool {tool.name!r} can not be called: {error}") from error
