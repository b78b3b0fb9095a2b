"""What became of one call of a step, read from its answer."""

from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import tool_result

_MAX_SAID = 2000  # characters of what went wrong with one call
_blocks = msgspec.json.Decoder(list[dict[str, object]])


class Done(NamedTuple):
    """`value` is JSON: what the result says in structure, else its only text (as JSON where it is
    such, else as a string), else its content. `content` and `structured` are as they came."""

    value: bytes
    content: bytes = b"[]"
    structured: bytes | None = None


class Failed(NamedTuple):
    """For the model, and in `$.errors`."""

    said: str


Outcome = Done | Failed


def outcome(response: bytes) -> Outcome:
    """Of a JSON-RPC response to `tools/call`."""
    try:
        frame = jsonrpc.decode_frame(response)
    except jsonrpc.FrameError as error:
        return Failed(f"its answer can not be read: {error}")
    if isinstance(frame.result, msgspec.UnsetType):
        return Failed(_cut(_error_of(response)))
    members = tool_result.read(frame.result)
    if members is None:
        return Failed(_cut(_said(frame.result)))
    value = tool_result.value(members)
    content = bytes(members.get("content", b"[]"))
    structured = members.get("structuredContent")
    kept = None if structured is None else bytes(structured)
    return Done(value or _text_of(content) or content, content, kept)


class _Error(msgspec.Struct):
    message: str = ""


class _Answer(msgspec.Struct):
    error: _Error | None = None


_answer = msgspec.json.Decoder(_Answer)


def _error_of(response: bytes) -> str:
    try:
        error = _answer.decode(response).error
    except (msgspec.DecodeError, RecursionError):
        error = None
    return error.message if error is not None and error.message else "it answered with an error"


def _said(result: msgspec.Raw) -> str:
    """Of a result that does not say that the work went well."""
    try:
        members = msgspec.json.decode(result, type=dict[str, msgspec.Raw])
        blocks = _blocks.decode(members.get("content", b"[]"))
    except (msgspec.DecodeError, RecursionError):
        return "its answer can not be read"
    texts = [str(each["text"]) for each in blocks if isinstance(each.get("text"), str)]
    if bytes(members.get("isError", b"false")) == b"true":
        return "\n".join(texts) or "it failed, and did not say why"
    return "it asks its client for more, or makes a task of the call, which a step can not answer"


def _text_of(content: bytes) -> bytes | None:
    """The only text of a content, as a JSON string."""
    try:
        blocks = _blocks.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return None
    if len(blocks) != 1 or blocks[0].get("type") != "text":
        return None
    return msgspec.json.encode(blocks[0].get("text", ""))


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_SAID else text[: _MAX_SAID - 1] + "…"
