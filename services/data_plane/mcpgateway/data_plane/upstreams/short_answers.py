"""Answers that hold a result and nothing else, read in as few steps as that takes.

Each function says what comes of a body that is one JSON message, where that is what `relay` or
`delivery` would make of it; None for any other, which is theirs.
"""

from collections.abc import Callable

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.translate_results import CannotTranslate

_ENDS = (b"}", b"}\n", b"}\r\n")  # of a JSON object that was not cut off

Result = Callable[[jsonrpc.Params], bytes]
"""Makes the client's result of the upstream's. Raises CannotTranslate."""


class _Answer(msgspec.Struct, gc=False):
    """A response, as far as it must be read to see that it holds a result and nothing else."""

    version: str = msgspec.field(default="", name="jsonrpc")
    id: int | str | None = None
    result: jsonrpc.Params | msgspec.UnsetType = msgspec.UNSET
    method: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_answer = msgspec.json.Decoder(_Answer)


def whole(body: bytes) -> bytes | None:
    """What `Relay` passes on as it is; None for what it does not, or fails. A body that came in one
    read is here already, however large."""
    return body if body.endswith(_ENDS) else None


def renumbered(id: jsonrpc.Id, wire_id: jsonrpc.Id, body: bytes) -> bytes | None:
    """What `Delivery` makes of a body that holds a result for a client of the same era, else
    None."""
    try:
        frame = jsonrpc.decode_frame(body)
    except jsonrpc.FrameError:
        return None
    result = frame.result
    if frame.id != wire_id or frame.error is not msgspec.UNSET or result is msgspec.UNSET:
        return None
    return jsonrpc.response(id, bytes(result))


def translated(id: jsonrpc.Id, wire_id: jsonrpc.Id, body: bytes, translate: Result) -> bytes | None:
    """The same for a client of the other era, where the result can be translated."""
    try:
        if not body.isascii():
            body.decode()
        answer = _answer.decode(body)
        result = answer.result
        if answer.version != "2.0" or answer.id != wire_id or isinstance(result, msgspec.UnsetType):
            return None
        if answer.method is not msgspec.UNSET or answer.error is not msgspec.UNSET:
            return None
        return jsonrpc.response(id, translate(result))
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError, CannotTranslate):
        return None
