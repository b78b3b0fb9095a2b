"""The messages that open a legacy session, and what must be in the upstream's answer. Pure."""

import re
from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.mcp.legacy import INITIALIZE, INITIALIZED
from mcpgateway.common.mcp.revisions import LATEST_LEGACY, LEGACY
from mcpgateway.data_plane.upstreams.request import UpstreamRequest

# A client's own ids go out in a session that is its own: this one must not be among them.
ID = "mcpgateway-initialize"
INITIALIZED_MESSAGE = jsonrpc.notification(INITIALIZED)

_SESSION_ID = re.compile(r"[\x21-\x7e]{1,4096}")


class Agreed(NamedTuple):
    """What the upstream answered."""

    revision: str

    @property
    def names_revision(self) -> bool:
        """Whether requests carry `MCP-Protocol-Version` (2025-06-18 and later)."""
        return self.revision >= "2025-06-18"


class _Result(msgspec.Struct):
    protocol_version: str = msgspec.field(name="protocolVersion")


_result = msgspec.json.Decoder(_Result)


def initialize(request: UpstreamRequest) -> bytes:
    """On behalf of the client of a request, in its revision. No capabilities are declared, since
    what an upstream asks a client in the middle of a call can not be carried to it."""
    client, known = request.client, request.upstream.protocol_version
    wanted = next((it for it in (client.revision, known) if it in LEGACY), LATEST_LEGACY)
    params: jsonrpc.Params = {
        "protocolVersion": msgspec.Raw(jsonrpc.encode(wanted)),
        "capabilities": msgspec.Raw(b"{}"),
        "clientInfo": msgspec.Raw(client.info),
    }
    return jsonrpc.request(ID, INITIALIZE, jsonrpc.join_params(params))


def answer(upstream: str, raw: bytes) -> Agreed | None:
    """None when the message is not the answer to `initialize`. Raises UpstreamRejected."""
    try:
        frame = jsonrpc.decode_frame(raw)
    except jsonrpc.FrameError as error:
        raise _refused(upstream, f"with something else than JSON-RPC: {error.message}") from error
    if not frame.is_response:
        return None
    if not isinstance(frame.error, msgspec.UnsetType):
        found = jsonrpc.decode_error(frame.error)
        raise _refused(upstream, f"with an error: {found.message[:300]} (code {found.code})")
    return _agreed(upstream, frame)


def check_session_id(upstream: str, value: str) -> bytes:
    """The session id for header lines; empty for none. Raises UpstreamRejected."""
    if value and not _SESSION_ID.fullmatch(value):
        raise _refused(upstream, "with a session id that is not visible ASCII")
    return value.encode()


def _agreed(upstream: str, frame: jsonrpc.Frame) -> Agreed:
    if frame.id != ID or isinstance(frame.result, msgspec.UnsetType):
        raise _refused(upstream, "with the answer to another request")
    try:
        revision = _result.decode(frame.result).protocol_version
    except msgspec.DecodeError as error:
        raise _refused(upstream, f"with an unusable result: {error}") from error
    if revision not in LEGACY:
        raise _refused(
            upstream,
            f"with protocol version {revision[:40]!r}, expected one of {', '.join(LEGACY)}",
        )
    return Agreed(revision)


def _refused(upstream: str, problem: str) -> UpstreamRejected:
    return UpstreamRejected(f"upstream {upstream!r} answered initialize {problem}")
