"""Our error tree as HTTP answers, for exchanges that are no MCP message (or not yet one).

MCP messages are answered by `pipeline.answer`, in their era's way.
"""

from http import HTTPStatus

import msgspec

from mcpgateway.common.errors import GatewayError, Unauthenticated
from mcpgateway.common.runtime.http.exchange import Exchange

Header = tuple[bytes, bytes]

CHALLENGE: Header = (b"www-authenticate", b'Bearer realm="mcpgateway"')
INVALID_TOKEN: Header = (
    b"www-authenticate",
    b'Bearer realm="mcpgateway", error="invalid_token"',
)
RETRY_AFTER: Header = (b"retry-after", b"2")
_PROBLEM: Header = (b"content-type", b"application/problem+json")


def problem_body(status: int, code: str, message: str) -> bytes:
    """Problem JSON (RFC 9457) with the members that clients of ContextForge read."""
    return msgspec.json.encode(
        {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "code": code,
            "detail": message,
            "message": message,
            "errors": [],
        }
    )


def refuse(
    exchange: Exchange, status: int, code: str, message: str, headers: tuple[Header, ...] = ()
) -> None:
    """Answer with a problem; no effect when an answer has begun."""
    if not exchange.started:
        exchange.respond(status, (_PROBLEM, *headers), problem_body(status, code, message))


def refuse_with(exchange: Exchange, error: GatewayError, headers: tuple[Header, ...] = ()) -> None:
    if isinstance(error, Unauthenticated) and not headers:
        headers = (CHALLENGE,)
    refuse(exchange, error.status, error.code, error.message, headers)
