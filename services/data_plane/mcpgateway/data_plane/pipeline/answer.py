"""Answers to MCP messages in their era's way: JSON-RPC bodies and HTTP statuses.

Legacy clients get 200 for every answer to a request, errors too: a 404 would end their session.
Modern ones get the status that 2026-07-28 assigns, or that of our error tree.
"""

from collections.abc import Sequence

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import (
    Bug,
    CallerError,
    Denied,
    GatewayError,
    InvalidCall,
    LimitExceeded,
    NotFound,
    Unauthenticated,
    UpstreamError,
    UpstreamRejected,
    UpstreamTimeout,
)
from mcpgateway.common.mcp.envelope import Problem
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.runtime.http import wire
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.data_plane.pipeline.call import Result

JSON = (b"content-type", wire.JSON)
RETRY_AFTER = (b"retry-after", b"2")
_JSON = (JSON,)
LONG = 16 * 1024  # bytes from which on pieces are sent without joining them
_PLACE = b"null"  # of a result that comes in pieces
_LATER = (JSON, RETRY_AFTER)

# The nearest class in the error's MRO decides.
_CODES: dict[type[GatewayError], int] = {
    Unauthenticated: jsonrpc.UNAUTHENTICATED,
    Denied: jsonrpc.DENIED,
    LimitExceeded: jsonrpc.LIMITED,
    CallerError: jsonrpc.INVALID_PARAMS,
    UpstreamTimeout: jsonrpc.UPSTREAM_TIMED_OUT,
    UpstreamError: jsonrpc.UPSTREAM_FAILED,
    GatewayError: jsonrpc.INTERNAL_ERROR,
}
_ERRORS: dict[int, type[GatewayError]] = {
    jsonrpc.DENIED: Denied,
    jsonrpc.INVALID_REQUEST: InvalidCall,
    jsonrpc.INVALID_PARAMS: InvalidCall,
    jsonrpc.METHOD_NOT_FOUND: NotFound,
    jsonrpc.RESOURCE_NOT_FOUND: NotFound,
}


def problem_of(error: GatewayError) -> Problem:
    """The JSON-RPC error that says what our error says."""
    if isinstance(error, UpstreamRejected) and error.outcome_unknown:
        data = {"outcome": "unknown"}
        return Problem(jsonrpc.OUTCOME_UNKNOWN, error.message, error.status, data)
    for kind in type(error).__mro__:
        code = _CODES.get(kind)
        if code is not None:
            return Problem(code, error.message, error.status)
    raise Bug(f"{type(error).__name__} has no JSON-RPC code")


def error_of(code: int, message: str) -> GatewayError:
    """The error of ours that says what a JSON-RPC error says, for callers outside JSON-RPC."""
    return _ERRORS.get(code, UpstreamRejected)(message)


def error_body(id: jsonrpc.Id | None, problem: Problem) -> bytes:
    return jsonrpc.error(id, problem.code, problem.message, problem.data)


def refuse(exchange: Exchange, era: Era, id: jsonrpc.Id | None, problem: Problem) -> None:
    """Answer a request with an error."""
    status = problem.status if era == "modern" else 200
    exchange.respond(status, _LATER if status == 503 else _JSON, error_body(id, problem))


def failed(exchange: Exchange, era: Era, id: jsonrpc.Id, error: GatewayError) -> None:
    """The same for an error of ours. Who has had too much is told so by HTTP in either era."""
    problem = problem_of(error)
    if isinstance(error, LimitExceeded) and error.retry_after is not None:
        later = (b"retry-after", str(error.retry_after).encode())
        exchange.respond(error.status, (JSON, later), error_body(id, problem))
    else:
        refuse(exchange, era, id, problem)


def refuse_message(exchange: Exchange, id: jsonrpc.Id | None, problem: Problem) -> None:
    """Refuse what is no request of either era, with the problem's own HTTP status."""
    exchange.respond(problem.status, _JSON, error_body(id, problem))


def accept(exchange: Exchange) -> None:
    """A notification was taken: 202 and nothing else."""
    exchange.respond(202, ())


def result(exchange: Exchange, id: jsonrpc.Id, result: Result) -> None:
    """Answer a request with a `result` member."""
    headers = (JSON, *result.headers)
    if not result.pieces:
        exchange.respond(200, headers, jsonrpc.response(id, result.body))
        return
    pieces = around(id, result.pieces)
    if sum(map(len, pieces)) < LONG:
        exchange.respond(200, headers, b"".join(pieces))
    else:
        exchange.respond_pieces(200, headers, pieces)


def around(id: jsonrpc.Id, pieces: Sequence[bytes]) -> tuple[bytes, ...]:
    """A response whose result is these pieces."""
    before, _, after = jsonrpc.response(id, _PLACE).rpartition(_PLACE)
    return (before, *pieces, after)


def unknown_method(method: str) -> Problem:
    return Problem(jsonrpc.METHOD_NOT_FOUND, f"unknown method {method!r}", 404)


def invalid(message: str) -> Problem:
    return Problem(jsonrpc.INVALID_PARAMS, message)


def invalid_param(member: str, message: str) -> Problem:
    """`member` of the params is at fault; the message goes on from there."""
    bare = f"{member} {message}"
    return Problem(jsonrpc.INVALID_PARAMS, f"params.{bare}", bare=bare)
