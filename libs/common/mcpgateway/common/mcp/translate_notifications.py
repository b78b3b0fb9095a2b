"""Notifications that an upstream sends while a request is open: which of them the client is
told, and under which progress token. Pure."""

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.jsonrpc import Params, join_params
from mcpgateway.common.mcp.envelope import read_meta, read_string
from mcpgateway.common.mcp.revisions import META_LOG_LEVEL, Era

PROGRESS = "notifications/progress"
LOG = "notifications/message"
LIST_CHANGED = frozenset(
    f"notifications/{kind}/list_changed" for kind in ("tools", "prompts", "resources")
)

# RFC 5424, least severe first.
_LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")


class Wishes(msgspec.Struct, frozen=True, gc=False):
    """What a client asked to be told during one request.

    `token` is its progress token as JSON, None for no progress. `level` is the lowest log level
    that it wants, None for no log messages; legacy clients say that once for their session, and get
    them all until they do.
    """

    token: bytes | None
    level: str | None


def wishes(era: Era, params: Params, session_level: str = "") -> Wishes:
    """What the params of a request ask for. `session_level` is what a legacy client set."""
    meta = read_meta(params) or {}
    token = meta.get("progressToken")
    if era == "modern":
        level = read_string(meta.get(META_LOG_LEVEL))
    else:
        level = session_level or _LEVELS[0]
    return Wishes(None if token is None else bytes(token), level)


def more_verbose(level: str, than: str) -> bool:
    """Whether a log level lets more through than another one; "" is not known, so it may be less.
    A level that nobody knows lets nothing through."""
    if level not in _LEVELS:
        return False
    return than not in _LEVELS or _LEVELS.index(level) < _LEVELS.index(than)


def told(wishes: Wishes, method: str, params: Params, sent_token: bytes | None) -> bytes | None:
    """The notification for the client, or None when it is not to hear of it.

    `sent_token` is the progress token that the upstream was given: progress under another one
    belongs to another request.
    """
    if method == PROGRESS:
        return _progress(wishes, params, sent_token)
    if method == LOG and _wanted(wishes.level, read_string(params.get("level"))):
        return jsonrpc.notification(LOG, join_params(params))
    return None


def _progress(wishes: Wishes, params: Params, sent_token: bytes | None) -> bytes | None:
    token = params.get("progressToken")
    if wishes.token is None or token is None or not _same(bytes(token), sent_token):
        return None
    renamed = {**params, "progressToken": msgspec.Raw(wishes.token)}
    return jsonrpc.notification(PROGRESS, join_params(renamed))


def _same(token: bytes, sent: bytes | None) -> bool:
    """Equal as JSON: an upstream may write the same string with other escapes."""
    return token == sent or (
        sent is not None and bool(msgspec.json.decode(token) == msgspec.json.decode(sent))
    )


def _wanted(lowest: str | None, level: str | None) -> bool:
    if lowest not in _LEVELS or level not in _LEVELS:
        return False
    return _LEVELS.index(level) >= _LEVELS.index(lowest)
