"""How long an idle connection is trusted, by the Keep-Alive header of its peer. Pure."""

import re

LONGEST_IDLE = 60.0  # seconds, whatever the peer offers
_TIMEOUT = re.compile(rb"(?:^|[,;\s])timeout\s*=\s*(\d{1,6})")


def offered(value: bytes) -> float | None:
    """Seconds, a little less than the header says; None when it says nothing."""
    found = _TIMEOUT.search(value)
    if found is None:
        return None
    seconds = int(found[1])
    return min(seconds - 1.0 if seconds > 1 else seconds / 2, LONGEST_IDLE)
