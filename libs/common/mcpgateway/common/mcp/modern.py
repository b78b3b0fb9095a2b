"""What a client sends to a 2026-07-28 server over Streamable HTTP: `_meta` and mirrored headers."""

from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import headers
from mcpgateway.common.mcp.revisions import (
    LATEST_MODERN,
    META_CLIENT_CAPABILITIES,
    META_CLIENT_INFO,
    META_PROTOCOL_VERSION,
)

DISCOVER = "server/discover"
LISTEN = "subscriptions/listen"
ACCEPT = b"application/json, text/event-stream"


class Implementation(NamedTuple):
    """Who we say we are (`clientInfo`); for display only."""

    name: str
    version: str


def meta(client: Implementation, revision: str = LATEST_MODERN) -> bytes:
    """The `_meta` of a request by a client without capabilities of its own."""
    return jsonrpc.encode(
        {
            META_PROTOCOL_VERSION: revision,
            META_CLIENT_CAPABILITIES: {},
            META_CLIENT_INFO: {"name": client.name, "version": client.version},
        }
    )


def request(id: jsonrpc.Id, method: str, params: jsonrpc.Params, meta: bytes) -> bytes:
    """The body. `params` is without `_meta`."""
    return jsonrpc.request(id, method, jsonrpc.join_params({**params, "_meta": msgspec.Raw(meta)}))


def header_lines(
    method: str, name: str | None = None, revision: str = LATEST_MODERN
) -> list[tuple[bytes, bytes]]:
    """All that the transport asks for. `name`: what `Mcp-Name` mirrors, of methods that have it."""
    lines = [
        (b"accept", ACCEPT),
        (b"content-type", b"application/json"),
        (headers.PROTOCOL_VERSION, revision.encode()),
        (headers.METHOD, method.encode()),
    ]
    if name is not None:
        lines.append((headers.NAME, headers.encode_value(name).encode()))
    return lines
