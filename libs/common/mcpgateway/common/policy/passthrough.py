"""Which of a client's header lines may be sent on to an upstream: those that the upstream's
allow-list names, save the ones below. Pure; names are lower case.
"""

# For one connection only (RFC 9110 7.6.1).
HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)

# The gateway's own in each request to an upstream: nobody else sets them, credentials neither.
OWN = HOP_BY_HOP | {
    b"accept",
    b"accept-encoding",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"expect",
    b"host",
    b"last-event-id",
    b"mcp-method",
    b"mcp-name",
    b"mcp-protocol-version",
    b"mcp-session-id",
    b"user-agent",
}

# Becomes the Authorization of an upstream that is given none of the gateway's own.
UPSTREAM_AUTHORIZATION = b"x-upstream-authorization"

# By which runners know what the control plane orders: whoever got hold of one is not to show it
# them through us.
_TICKET = b"x-mcpgateway-ticket"

# And what the client shows to the gateway alone.
NEVER_PASSED = OWN | {
    b"authorization",
    b"cookie",
    b"x-mcpgateway-edge",
    b"x-mcpgateway-peer",
    _TICKET,
    UPSTREAM_AUTHORIZATION,
}


def may_be_set(name: str) -> bool:
    """Whether a stored credential may be sent under this name."""
    lower = name.lower().encode("latin-1", "replace")
    return lower not in OWN and lower != _TICKET


def may_be_passed(name: str) -> bool:
    """Whether a client's line of this name can be on an allow-list."""
    return name.lower().encode("latin-1", "replace") not in NEVER_PASSED
