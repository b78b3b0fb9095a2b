"""Who owns which public path: the one table from which the edge, the compose proxy and the
Kubernetes routes are derived. First match wins; an optional leading `/v1` and a trailing `/`
are ignored. What no row names belongs to the control plane.
"""

import re
from typing import Literal, NamedTuple

Owner = Literal["data-plane", "control-plane", "admin"]


class Row(NamedTuple):
    """`pattern` is matched against the whole path; `methods` empty means any."""

    owner: Owner
    pattern: str
    methods: tuple[str, ...] = ()


_SEGMENT = "[^/]+"

TABLE: tuple[Row, ...] = (
    Row("data-plane", "/(mcp|sse|message|ws|rpc|initialize|notifications)"),
    Row("data-plane", "/protocol/.+"),
    Row("data-plane", "/cancellation/.+"),
    Row("data-plane", f"/servers/{_SEGMENT}/(mcp|sse|message|ws|openapi\\.json)"),
    Row("data-plane", f"/servers/{_SEGMENT}/\\.well-known/.+"),
    Row("data-plane", f"/servers/{_SEGMENT}/tools/{_SEGMENT}", ("POST",)),
    Row("data-plane", "/\\.well-known/oauth-protected-resource(/.*)?"),
    Row("data-plane", f"/tunnels/{_SEGMENT}"),
    Row("control-plane", "/prompts/preview", ("POST",)),
    # Reading through: the content of a prompt or a resource comes from its upstream.
    Row("data-plane", f"/prompts/{_SEGMENT}", ("POST",)),
    Row("data-plane", f"/resources/{_SEGMENT}", ("GET",)),
    Row("data-plane", "/resources/test/.+", ("GET",)),
    Row("control-plane", f"/a2a/{_SEGMENT}/(state|toggle)", ("POST",)),
    Row("data-plane", "/a2a/invoke", ("POST",)),
    Row("data-plane", f"/a2a/{_SEGMENT}", ("POST",)),
    Row(
        "data-plane",
        f"/a2a/{_SEGMENT}/(invoke|jsonrpc|\\.well-known/.+|message:.+|tasks.*|extendedAgentCard|v1/.+)",
    ),
    Row("data-plane", "/(health|ready)"),
    Row("data-plane", "/metrics(/prometheus|/replica)?"),
    Row(
        "admin",
        "/admin(/login|/logout|/forgot-password|/reset-password/[^/]+|/change-password-required)?",
    ),
    Row("admin", "/admin/(ui|static)(/.*)?"),
)

_COMPILED = tuple((row, re.compile(row.pattern)) for row in TABLE)


def normal(path: str) -> str:
    """The path without `/v1` in front and `/` behind; never empty.

    >>> normal("/v1/tools/")
    '/tools'
    """
    if path.startswith("/v1/"):
        path = path[3:]
    return path.rstrip("/") or "/"


def owner(method: str, path: str) -> Owner:
    """Who answers this request. `path` is decoded and without the query.

    >>> owner("POST", "/mcp"), owner("GET", "/v1/tools"), owner("GET", "/admin/login")
    ('data-plane', 'control-plane', 'admin')
    """
    path = normal(path)
    for row, pattern in _COMPILED:
        if pattern.fullmatch(path) and (not row.methods or method in row.methods):
            return row.owner
    return "control-plane"
