"""The messages that open a legacy session, and what must be in the upstream's answer. Pure."""

import re
from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.errors import UpstreamRejected
from mcpgateway.common.mcp.client_capabilities import (
    NONE_DECLARED,
    abilities,
    announces_roots,
    declaration,
)
from mcpgateway.common.mcp.legacy import INITIALIZE, INITIALIZED
from mcpgateway.common.mcp.revisions import LATEST_LEGACY, LEGACY
from mcpgateway.data_plane.upstreams.request import UpstreamRequest

# A client's own ids go out in a session that is its own: this one must not be among them.
ID = "mcpgateway-initialize"
INITIALIZED_MESSAGE = jsonrpc.notification(INITIALIZED)

_SESSION_ID = re.compile(r"[\x21-\x7e]{1,4096}")


class Agreed(NamedTuple):
    """What the upstream answered. `logs`: it has a log level to be set."""

    revision: str
    logs: bool = False

    @property
    def names_revision(self) -> bool:
        """Whether requests carry `MCP-Protocol-Version` (2025-06-18 and later)."""
        return self.revision >= "2025-06-18"


class _Result(msgspec.Struct):
    protocol_version: str = msgspec.field(name="protocolVersion")
    capabilities: msgspec.Raw = msgspec.Raw(b"{}")


_result = msgspec.json.Decoder(_Result)
_members = msgspec.json.Decoder(jsonrpc.Params)


def initialize(request: UpstreamRequest) -> bytes:
    """On behalf of the client of a request, in its revision, with what it declared."""
    params: jsonrpc.Params = {
        "protocolVersion": msgspec.Raw(jsonrpc.encode(_wanted(request))),
        "capabilities": msgspec.Raw(declared(request)),
        "clientInfo": msgspec.Raw(request.client.info),
    }
    return jsonrpc.request(ID, INITIALIZE, jsonrpc.join_params(params))


def set_level(id: jsonrpc.Id, level: str) -> bytes:
    return jsonrpc.request(id, "logging/setLevel", b'{"level":%b}' % jsonrpc.encode(level))


def declared(request: UpstreamRequest) -> bytes:
    """The capabilities of the client of a request, as far as the revision that is asked for knows
    them; equal for clients that can do the same."""
    client = request.client
    if client.capabilities == NONE_DECLARED:
        return NONE_DECLARED
    able = abilities(client.capabilities, client.era, client.revision)
    own = bool(client.session) and announces_roots(client.capabilities)
    return declaration(able, _wanted(request), roots_change=own)


def _wanted(request: UpstreamRequest) -> str:
    offers = (request.client.revision, request.upstream.protocol_version)
    return next((it for it in offers if it in LEGACY), LATEST_LEGACY)


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
        result = _result.decode(frame.result)
    except msgspec.DecodeError as error:
        raise _refused(upstream, f"with an unusable result: {error}") from error
    revision = result.protocol_version
    if revision not in LEGACY:
        raise _refused(
            upstream,
            f"with protocol version {revision[:40]!r}, expected one of {', '.join(LEGACY)}",
        )
    return Agreed(revision, _offers_logs(result.capabilities))


def _offers_logs(capabilities: msgspec.Raw) -> bool:
    try:
        return "logging" in _members.decode(capabilities)
    except (msgspec.DecodeError, RecursionError):
        return False


def _refused(upstream: str, problem: str) -> UpstreamRejected:
    return UpstreamRejected(f"upstream {upstream!r} answered initialize {problem}")
