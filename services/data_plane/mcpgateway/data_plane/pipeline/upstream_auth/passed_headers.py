"""The header lines that an upstream is shown: the gateway's own credentials, and what a client
passes. Pure.

A client's own authorization for the upstream (`X-Upstream-Authorization`) takes the place of the
gateway's Authorization; what it shows to the gateway is never passed.
"""

from mcpgateway.common.policy.passthrough import NEVER_PASSED, UPSTREAM_AUTHORIZATION
from mcpgateway.common.routing.model import Upstream
from mcpgateway.common.runtime.http.exchange import Headers

Lines = tuple[tuple[bytes, bytes], ...]

AUTHORIZATION = b"authorization"


def given_authorization(headers: Headers) -> bytes | None:
    """What the client gives for the upstream; the last one counts, as of any doubled line."""
    found = None
    for name, value in headers:
        if name == UPSTREAM_AUTHORIZATION:
            found = value
    return found


def shown_lines(
    headers: Headers, upstream: Upstream, own: Lines, gate: bytes = AUTHORIZATION
) -> Lines:
    """`headers` are the client's, `own` the gateway's credentials, which win over what is passed
    unless the upstream's record says otherwise. `gate` (lower case) carries what a client shows to
    the gateway."""
    given = given_authorization(headers)
    if given is not None:
        others = tuple([line for line in own if line[0] != AUTHORIZATION])
        own = (*others, (AUTHORIZATION, given))
    if not upstream.passthrough_headers:
        return own
    named = {name.lower().encode() for name in upstream.passthrough_headers}
    allowed = named - NEVER_PASSED - {gate}
    if not upstream.passthrough_overwrites:
        allowed -= {name for name, _ in own}
    passed = tuple([line for line in headers if line[0] in allowed])
    if upstream.passthrough_overwrites and passed:
        names = {name for name, _ in passed}
        own = tuple([line for line in own if line[0] not in names])
    return own + passed
