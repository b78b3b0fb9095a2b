"""The error tree, by who is to blame. Translated at two borders only: outside libraries into
these where they are called; these into HTTP and JSON-RPC (data plane) or problem JSON (control
plane). Messages say what was wrong, with which input, and what would be right; never a secret.

    GatewayError
    |- CallerError            the caller can mend it
    |  |- InvalidCall         malformed or out of limits            400 (422 with `errors`)
    |  |- Unauthenticated     no, wrong or expired credentials      401
    |  |- Denied              known caller, not allowed             403
    |  |- NotFound            no such thing, or not for this caller 404
    |  |- Conflict            clashes with what is there            409
    |  |- Stale               If-Match names an older version       412
    |  |- TooLarge            over a size limit                     413
    |  `- LimitExceeded       too many calls                        429
    |- UpstreamError          the upstream, or the way to it
    |  |- UpstreamUnreachable no connection                         502
    |  |- UpstreamRejected    answered, but not usefully            502
    |  `- UpstreamTimeout     no connection or no answer in time    504
    `- OwnError               ours
       |- Unavailable         a part of the suite is down           503
       |- TemplateFailed      a template of ours can not be filled  500
       `- Bug                 should not happen                     500
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple


class FieldProblem(NamedTuple):
    """One thing wrong with one input field. `field` is the dotted path as the caller sent it."""

    field: str
    problem: str
    rule: str = ""


class GatewayError(Exception):
    """Base of all. `status` is the HTTP status, `code` the stable machine-readable name."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, errors: Sequence[FieldProblem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.errors = tuple(errors)


class CallerError(GatewayError):
    status = 400
    code = "caller_error"


class InvalidCall(CallerError):
    code = "invalid_call"


class Unauthenticated(CallerError):
    status = 401
    code = "unauthenticated"


class Denied(CallerError):
    status = 403
    code = "denied"


class NotFound(CallerError):
    status = 404
    code = "not_found"


class Conflict(CallerError):
    status = 409
    code = "conflict"


class Stale(CallerError):
    status = 412
    code = "stale"


class TooLarge(CallerError):
    status = 413
    code = "too_large"


class LimitExceeded(CallerError):
    """`retry_after`: seconds after which it may go better, None when that is not known."""

    status = 429
    code = "limit_exceeded"

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UpstreamError(GatewayError):
    status = 502
    code = "upstream_error"


class UpstreamUnreachable(UpstreamError):
    """No connection. Nothing was sent, so a retry elsewhere is safe."""

    code = "upstream_unreachable"


class UpstreamRejected(UpstreamError):
    """The upstream answered, but not with what the protocol asks for.

    `outcome_unknown` is true when the request may have been carried out all the same.
    """

    code = "upstream_rejected"

    def __init__(self, message: str, *, outcome_unknown: bool = False) -> None:
        super().__init__(message)
        self.outcome_unknown = outcome_unknown


class UpstreamTimeout(UpstreamError):
    """No answer in time; the request may have been carried out all the same, unless it is
    `unsent`: there was no connection."""

    status = 504
    code = "upstream_timeout"

    def __init__(self, message: str, *, unsent: bool = False) -> None:
        super().__init__(message)
        self.unsent = unsent


class OwnError(GatewayError):
    code = "own_error"


class Unavailable(OwnError):
    status = 503
    code = "unavailable"


class TemplateFailed(OwnError):
    """A prompt or resource of the gateway's own can not be made of its template: its author can
    mend it."""

    code = "template_failed"


class Bug(OwnError):
    code = "bug"
