"""What a client of the revisions before 2026-07-28 sends and must judge: pure, no session kept."""

from urllib.parse import urljoin, urlsplit

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.modern import Implementation
from mcpgateway.common.mcp.revisions import LATEST_LEGACY

INITIALIZE = "initialize"
INITIALIZED = "notifications/initialized"
CANCELLED = "notifications/cancelled"
ROOTS_CHANGED = "notifications/roots/list_changed"

_id: msgspec.json.Decoder[int | str | None] = msgspec.json.Decoder(int | str | None)
_DEFAULT_PORTS = {"http": 80, "https": 443}


class EndpointError(ValueError):
    """An `endpoint` event that must not be followed, and why."""


def initialize_params(client: Implementation) -> bytes:
    """We offer the latest legacy revision and no capabilities: nothing may be asked of us."""
    return jsonrpc.encode(
        {
            "protocolVersion": LATEST_LEGACY,
            "capabilities": {},
            "clientInfo": {"name": client.name, "version": client.version},
        }
    )


def resolve_endpoint(stream_url: str, endpoint: str) -> str:
    """Where to POST: the `endpoint` event of HTTP+SSE, resolved against the stream's URL.

    Raises EndpointError when it is no URL or of another origin, which would send the upstream's
    credentials elsewhere.
    """
    try:
        url = urljoin(stream_url, endpoint.strip())
        origin, expected = _origin(url), _origin(stream_url)
    except ValueError as error:
        raise EndpointError(f"endpoint {endpoint[:200]!r} is no URL: {error}") from error
    if origin != expected:
        raise EndpointError(
            f"endpoint {endpoint[:200]!r} is of another origin than {stream_url.partition('?')[0]}"
        )
    return url


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _DEFAULT_PORTS.get(parts.scheme)


def cancelled_request(frame: jsonrpc.Frame) -> jsonrpc.Id | None:
    """The id that a notification of cancellation names; None for any other message."""
    if frame.method != CANCELLED or isinstance(frame.params, msgspec.UnsetType):
        return None
    try:
        return _id.decode(frame.params.get("requestId", b"null"))
    except msgspec.DecodeError:
        return None


def reply_to(frame: jsonrpc.Frame) -> bytes | None:
    """Our answer to a request of the server: pong, else "not offered". None: no answer is due."""
    if not isinstance(frame.method, str) or not isinstance(frame.id, int | str):
        return None
    if frame.method == "ping":
        return jsonrpc.response(frame.id, b"{}")
    return jsonrpc.error(
        frame.id, jsonrpc.METHOD_NOT_FOUND, f"this client does not offer {frame.method}"
    )
