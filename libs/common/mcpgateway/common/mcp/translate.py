"""Requests from one era to the other: the `params` that the upstream must be sent.

Only `_meta` and the members that exist in one era alone are touched; `arguments` and all else
are carried as the bytes that came. Answers are `translate_results`' and notifications
`translate_notifications`' business. Pure.
"""

from typing import NamedTuple

import msgspec

from mcpgateway.common.jsonrpc import Params, encode, join_params
from mcpgateway.common.mcp.envelope import Meta, read_meta
from mcpgateway.common.mcp.revisions import (
    META_CLIENT_CAPABILITIES,
    META_CLIENT_INFO,
    META_LOG_LEVEL,
    META_PROTOCOL_VERSION,
    PREFIX,
)

# Members of params that mean something in one era only: the answers of a multi round-trip
# request (2026-07-28), and the wish for a task of the core protocol (2025-11-25).
ONE_ERA_ONLY = frozenset({"inputResponses", "requestState", "task"})
PROGRESS_TOKEN = "progressToken"  # noqa: S105 - a member name, no secret


class Envelope(NamedTuple):
    """What each request of 2026-07-28 says of its sender. `capabilities` and `info` are JSON;
    `log_level` is "" for no log messages."""

    revision: str
    capabilities: bytes
    info: bytes
    log_level: str = ""


def params_to_legacy(params: Params) -> Params:
    """Without the modern envelope; progress token, trace context and vendor keys stay."""
    return _with_meta(params, _without_reserved(params))


def params_to_modern(params: Params, envelope: Envelope) -> Params:
    """With the envelope; what a legacy client wrote under the reserved prefix is not believed."""
    meta = _without_reserved(params)
    meta[META_PROTOCOL_VERSION] = msgspec.Raw(encode(envelope.revision))
    meta[META_CLIENT_CAPABILITIES] = msgspec.Raw(envelope.capabilities)
    meta[META_CLIENT_INFO] = msgspec.Raw(envelope.info)
    if envelope.log_level:
        meta[META_LOG_LEVEL] = msgspec.Raw(encode(envelope.log_level))
    return _with_meta(params, meta)


def progress_token(params: Params) -> msgspec.Raw | None:
    """The client's progress token as JSON, None when it asked for no progress."""
    meta = read_meta(params)
    return None if meta is None else meta.get(PROGRESS_TOKEN)


def with_progress_token(params: Params, token: bytes) -> Params:
    """The same params under another progress token, given as JSON."""
    meta = read_meta(params) or {}
    return {
        **params,
        "_meta": msgspec.Raw(join_params({**meta, PROGRESS_TOKEN: msgspec.Raw(token)})),
    }


def _without_reserved(params: Params) -> Meta:
    meta = read_meta(params) or {}
    return {key: value for key, value in meta.items() if not key.startswith(PREFIX)}


def _with_meta(params: Params, meta: Meta) -> Params:
    kept = {key: value for key, value in params.items() if key not in ONE_ERA_ONLY}
    if meta:
        kept["_meta"] = msgspec.Raw(join_params(meta))
    else:
        kept.pop("_meta", None)
    return kept
