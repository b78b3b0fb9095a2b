"""Our error tree as HTTP answers, for exchanges that are no MCP message (or not yet one).

MCP messages are answered by `pipeline.answer`, in their era's way.
"""

from collections.abc import Mapping
from http import HTTPStatus

import msgspec

from mcpgateway.common.errors import GatewayError, LimitExceeded, Unauthenticated, Unavailable
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline import answer

Header = tuple[bytes, bytes]

CHALLENGE: Header = (b"www-authenticate", b'Bearer realm="mcpgateway"')
INVALID_TOKEN: Header = (
    b"www-authenticate",
    b'Bearer realm="mcpgateway", error="invalid_token"',
)
RETRY_AFTER: Header = answer.RETRY_AFTER
_NONE: Mapping[str, object] = {}
PROBLEM: Header = (b"content-type", b"application/problem+json")


def problem_body(status: int, code: str, message: str, more: Mapping[str, object] = _NONE) -> bytes:
    """Problem JSON (RFC 9457) with the members that clients of ContextForge read, and `more`."""
    return msgspec.json.encode(
        {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "code": code,
            "detail": message,
            "message": message,
            "errors": [],
            **more,
        }
    )


def refuse(
    exchange: Exchange, status: int, code: str, message: str, headers: tuple[Header, ...] = ()
) -> None:
    """Answer with a problem; no effect when an answer has begun."""
    if not exchange.started:
        exchange.respond(status, (PROBLEM, *headers), problem_body(status, code, message))


def refuse_with(exchange: Exchange, error: GatewayError) -> None:
    refuse(exchange, error.status, error.code, error.message, advice(exchange, error))


def refuse_caller(
    exchange: Exchange, error: GatewayError, said: tuple[Header, ...] | None = None
) -> None:
    """No caller, or nothing for this caller here. The body is JSON-RPC, so that an MCP client
    can show the message. `said` stands for what else a caller is told to do about it."""
    lines = (answer.JSON, *(advice(exchange, error) if said is None else said))
    exchange.respond(error.status, lines, answer.error_body(None, answer.problem_of(error)))


def refuse_method(exchange: Exchange, allow: bytes) -> None:
    """405; `allow` are the methods that are served."""
    message = f"{exchange.method} is not served here: use {allow.decode()}"
    refuse(exchange, 405, "method_not_allowed", message, ((b"allow", allow),))


def advice(exchange: Exchange, error: GatewayError) -> tuple[Header, ...]:
    """The header lines that tell a caller what to do about an error."""
    match error:
        case Unauthenticated():
            offered = exchange.header(b"authorization") is not None
            return (INVALID_TOKEN if offered else CHALLENGE,)
        case Unavailable():
            return (RETRY_AFTER,)
        case LimitExceeded() if error.retry_after is not None:
            return ((b"retry-after", str(error.retry_after).encode()),)
        case _:
            return ()
