"""Results of `tools/call` that the gateway makes itself, in the words of either era. Pure.

What goes wrong with the work of a tool is a result, too, with `isError`: the model reads it, and
may do better next time (SEP-1303).
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.jsonrpc import Params, join_params
from mcpgateway.common.mcp.envelope import read_string
from mcpgateway.common.mcp.revisions import Era
from mcpgateway.common.strict_json import Located

Content = dict[str, Any]

_COMPLETE = msgspec.Raw(b'"complete"')
_TRUE, _FALSE = b"true", b"false"
_members = msgspec.json.Decoder(Params)
_blocks = msgspec.json.Decoder(list[dict[str, Any]])
_NULL = msgspec.Raw(b"null")


class _Result(msgspec.Struct, rename="camel"):
    result_type: str = "complete"
    structured_content: msgspec.Raw = _NULL
    is_error: bool = False


class _Response(msgspec.Struct):
    result: _Result | msgspec.UnsetType = msgspec.UNSET


_response = msgspec.json.Decoder(_Response)


def text(said: str) -> Content:
    return {"type": "text", "text": said}


def result(era: Era, content: Sequence[Content], structured: bytes | None = None) -> bytes:
    """`structured` is JSON; None: there is none."""
    members: Params = {} if era == "legacy" else {"resultType": _COMPLETE}
    members["content"] = msgspec.Raw(jsonrpc.encode(content))
    if structured is not None and (era == "modern" or structured.lstrip()[:1] == b"{"):
        members["structuredContent"] = msgspec.Raw(structured)
    members["isError"] = msgspec.Raw(_FALSE)  # may be left out, but clients look for it
    return join_params(members)


def failed(era: Era, said: str) -> bytes:
    """The tool did not do it, or not well; `said` is for the model."""
    members: Params = {} if era == "legacy" else {"resultType": _COMPLETE}
    members["content"] = msgspec.Raw(jsonrpc.encode([text(said)]))
    members["isError"] = msgspec.Raw(_TRUE)
    return join_params(members)


def listed(said: str, problems: Sequence[Located]) -> str:
    """A sentence and what it is about, one line each."""
    return "\n".join([f"{said}:", *(f"- {each}" for each in problems)])


def read(raw: bytes | msgspec.Raw) -> Params | None:
    """The members of a result that says that the tool's work is done and went well; None for any
    other: an error, a question to the client, a task."""
    try:
        members = _members.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    done = read_string(members.get("resultType", _COMPLETE)) == "complete"
    shown = "content" in members or "structuredContent" in members
    well = bytes(members.get("isError", b"false")) != _TRUE
    return members if done and shown and well else None


def structured(response: bytes) -> msgspec.Raw | None:
    """The structured content in a JSON-RPC response whose result `read` takes, in one look; None:
    there is none, or somebody has to look closer."""
    try:
        result = _response.decode(response).result
    except (msgspec.DecodeError, RecursionError):
        return None
    if isinstance(result, msgspec.UnsetType) or result.is_error:
        return None
    if result.result_type != "complete" or bytes(result.structured_content) == b"null":
        return None
    return result.structured_content


def value(members: Params) -> bytes | None:
    """What a result says, as JSON: its structured content, else its only text where that is JSON.
    None: it says nothing of the kind."""
    structured = members.get("structuredContent")
    if structured is not None and bytes(structured) != b"null":
        return bytes(structured)
    try:
        blocks = _blocks.decode(members.get("content", b"[]"))
    except (msgspec.DecodeError, RecursionError):
        return None
    if len(blocks) != 1 or blocks[0].get("type") != "text":
        return None
    said = str(blocks[0].get("text", ""))
    try:
        msgspec.json.decode(said)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return None
    return said.encode()


def replaced(members: Params, content: Sequence[Content], structured: bytes | None) -> bytes:
    """The same result with other contents; what else it says stays."""
    made = {**members, "content": msgspec.Raw(jsonrpc.encode(content))}
    made.pop("structuredContent", None)
    if structured is not None:
        made["structuredContent"] = msgspec.Raw(structured)
    return join_params(made)
