"""When a request is sent again because its service asks for that. Pure: times are parameters."""

from datetime import UTC
from email.utils import parsedate_to_datetime

from mcpgateway.common.rest.results import Answer

MAX_WAIT = 10.0  # seconds; who is to come back later than that is told so
_FIRST_WAIT = 0.25  # seconds, doubled each time, where the service says nothing
_NOT_TAKEN = 429  # RFC 6585: it did not do it
_PASSING = (502, 503, 504)


def wait(answer: Answer, again: int, *, harmless: bool, now: float, random: float) -> float | None:
    """Seconds until the request is sent again; None: it is not. `again`: how often it was already;
    `harmless`: twice is the same as once; `now` in Unix seconds; `random` from 0 to 1."""
    if answer.status != _NOT_TAKEN and not (harmless and answer.status in _PASSING):
        return None
    asked = after(answer.retry_after, now)
    if asked is None:
        return _FIRST_WAIT * 2.0 ** min(again, 10) * (0.5 + random / 2)
    return asked if asked <= MAX_WAIT else None


def after(retry_after: str, now: float) -> float | None:
    """Seconds that a Retry-After says (RFC 9110, 10.2.3); None: it says none."""
    text = retry_after.strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, at.timestamp() - now)
