"""What the bridge asks of a remote MCP server, and how HTTP answers become messages or errors."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import (
    Denied,
    GatewayError,
    NotFound,
    Unauthenticated,
    UpstreamRejected,
    UpstreamTimeout,
)
from mcpgateway.common.runtime.stdio.lines import one_line

Emit = Callable[[bytes], Awaitable[None]]

MAX_MESSAGE = 16 * 1024 * 1024  # bytes

_CODES: tuple[tuple[type[GatewayError], int], ...] = (
    (Unauthenticated, jsonrpc.UNAUTHENTICATED),
    (Denied, jsonrpc.DENIED),
    (UpstreamTimeout, jsonrpc.UPSTREAM_TIMED_OUT),
)


class Remote(Protocol):
    """A remote MCP server, whatever its transport."""

    async def exchange(self, frame: jsonrpc.Frame, line: bytes) -> None:
        """Send one message and, for a request, emit what answers it, the response last.
        Raises GatewayError when there is no answer. Cancelling ends the exchange."""

    async def aclose(self) -> None:
        """End the session, if any. Never raises."""


def request_id(frame: jsonrpc.Frame) -> jsonrpc.Id | None:
    return None if isinstance(frame.id, msgspec.UnsetType) else frame.id


def error_line(frame: jsonrpc.Frame, error: GatewayError) -> bytes:
    """The JSON-RPC error that a request gets when its exchange failed."""
    code = next((code for kind, code in _CODES if isinstance(error, kind)), jsonrpc.UPSTREAM_FAILED)
    if isinstance(error, UpstreamRejected) and error.outcome_unknown:
        code = jsonrpc.OUTCOME_UNKNOWN
    return jsonrpc.error(request_id(frame), code, error.message)


class _Reply(msgspec.Struct):
    """An error body; servers that could not read an id send null or none."""

    error: msgspec.Raw
    jsonrpc: str = ""


def error_body(frame: jsonrpc.Frame, body: bytes) -> bytes | None:
    """The JSON-RPC error in an HTTP error body, under the request's own id; None if none is."""
    try:
        reply = msgspec.json.decode(body, type=_Reply)
    except (msgspec.DecodeError, RecursionError):
        return None
    id = request_id(frame)
    if reply.jsonrpc != "2.0" or id is None:
        return None
    return one_line(jsonrpc.raw_error(id, bytes(reply.error)))


def refusal(url: str, status: int, body: bytes) -> GatewayError:
    """What an HTTP error without a JSON-RPC body means."""
    said = " ".join(body[:300].decode(errors="replace").split())
    message = f"{url} answered {status}" + (f": {said}" if said else "")
    if status == 401:
        return Unauthenticated(f"{message} (set MCP_AUTH or --auth to a valid token)")
    if status == 403:
        return Denied(message)
    if status == 404:
        return NotFound(message)
    return UpstreamRejected(message)
