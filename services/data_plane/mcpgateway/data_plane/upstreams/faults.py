"""What went wrong with an upstream, in words that name it and say what was seen. Pure."""

import re
from http import HTTPStatus

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import (
    GatewayError,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.common.mcp.revisions import Era

_LEGACY_ERRORS = range(-32019, -31999)  # to which 2026-07-28 gives no meaning
_MODERN_ERRORS = (
    jsonrpc.HEADER_MISMATCH,
    jsonrpc.MISSING_CLIENT_CAPABILITY,
    jsonrpc.UNSUPPORTED_PROTOCOL_VERSION,
)
_PASSING = frozenset({408, 409, 425, 429})
_MAX_QUOTED = 300  # characters of an upstream's own words
_MAX_SCOPES = 100
_SCOPE = re.compile(r'(?:^|[\s,])scope="([^"\\]{1,4096})"')
_INSUFFICIENT = re.compile(r'(?:^|[\s,])error="?insufficient_scope"?')


class TokenRefused(UpstreamRejected):
    """It does not take the token: none of its kind any more, or it wants one for more (`scopes`,
    RFC 6750 3.1)."""

    def __init__(self, message: str, scopes: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.scopes = scopes


class Refusal(msgspec.Struct, frozen=True):
    """A response that is no stream of messages: another status or type than asked for.

    `body` is its beginning.
    """

    status: int
    content_type: str = ""
    location: str = ""
    body: bytes = b""
    challenge: str = ""  # WWW-Authenticate

    def rpc_error(self) -> jsonrpc.ErrorObject | None:
        """The JSON-RPC error that the body may hold, whatever its id."""
        try:
            error = _body.decode(self.body).error
        except (msgspec.DecodeError, RecursionError):
            return None
        return None if isinstance(error, msgspec.UnsetType) else error


class _Body(msgspec.Struct):
    error: jsonrpc.ErrorObject | msgspec.UnsetType = msgspec.UNSET


_body = msgspec.json.Decoder(_Body)


def passing(refusal: Refusal) -> bool:
    """Whether an upstream that refuses so may do otherwise next time."""
    return refusal.status >= 500 or refusal.status in _PASSING


def session_unknown(refusal: Refusal) -> bool:
    """Whether a legacy upstream knows the session no more: 404, or the 400 that some servers
    send instead."""
    error = refusal.rpc_error()
    says_so = error is not None and "session" in error.message.lower()
    return refusal.status == 404 or (refusal.status == 400 and says_so)


def of_other_era(refusal: Refusal, era: Era) -> bool:
    """Whether a server refuses in the words of the other era than the one that it was spoken to
    in: it was replaced, or was taken for something else. It did not do what it was asked."""
    error = refusal.rpc_error()
    if error is None:
        return False
    if era == "modern":
        return refusal.status in (400, 404, 405, 406) and error.code in _LEGACY_ERRORS
    unknown_method = refusal.status == 404 and error.code == jsonrpc.METHOD_NOT_FOUND
    return unknown_method or (refusal.status == 400 and error.code in _MODERN_ERRORS)


def era_changed(upstream: str, refusal: Refusal) -> UpstreamRejected:
    """The error for that."""
    said = refused(upstream, refusal).message
    return UpstreamRejected(
        f"{said}: it speaks another revision than when it was registered, and is looked at again"
    )


def refused(upstream: str, refusal: Refusal) -> UpstreamRejected:
    """The error for a response that can not be used."""
    error = refusal.rpc_error()
    said = "" if error is None else f": {error.message[:_MAX_QUOTED]} (code {error.code})"
    message = f"upstream {upstream!r} answered {_status(refusal.status)}{said}{_advice(refusal)}"
    scopes = _wanted(refusal)
    if refusal.status == 401 or scopes:
        return TokenRefused(message, scopes)
    return UpstreamRejected(
        message,
        # A server that failed, or a proxy before it, may have done the work all the same.
        outcome_unknown=refusal.status >= 500 and refusal.status != 503 and error is None,
    )


def _wanted(refusal: Refusal) -> tuple[str, ...]:
    """For which scopes a token is wanted that the upstream would take."""
    if refusal.status != 403 or not _INSUFFICIENT.search(refusal.challenge):
        return ()
    found = _SCOPE.search(refusal.challenge)
    return tuple(found[1].split()[:_MAX_SCOPES]) if found else ()


def unusable(upstream: str, problem: str, *, outcome_unknown: bool = True) -> UpstreamRejected:
    """For an answer that came but makes no sense: the request was most likely carried out."""
    return UpstreamRejected(f"upstream {upstream!r} {problem}", outcome_unknown=outcome_unknown)


def named(upstream: str, error: GatewayError) -> GatewayError:
    """An error of the way to an upstream, with the upstream's name; its kind stays."""
    message = f"upstream {upstream!r}: {error.message}"
    match error:
        case UpstreamRejected():
            return UpstreamRejected(message, outcome_unknown=error.outcome_unknown)
        case UpstreamUnreachable():
            return UpstreamUnreachable(message)
        case UpstreamTimeout():
            return UpstreamTimeout(message, unsent=error.unsent)
    return error


def _status(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _advice(refusal: Refusal) -> str:
    status = refusal.status
    if status in (401, 403):
        return "; it does not accept the credentials that are registered for it"
    if 300 <= status < 400:
        return f" to {refusal.location!r}; redirects are not followed, register that address"
    if 200 <= status < 300:
        seen = refusal.content_type or "no content type"
        return f" with {seen}, expected application/json or text/event-stream"
    return ""
