"""Answers from one era to the other: results, errors, and the HTTP status of modern errors.

Big members (`content`, `contents`, `messages`) are carried as the bytes that came, but for the
one text block that stands in for structured content which older clients can not read. Pure.
"""

from typing import Any

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.jsonrpc import Params, encode, join_params
from mcpgateway.common.mcp.envelope import read_meta, read_string
from mcpgateway.common.mcp.revisions import META_SERVER_INFO, META_SUBSCRIPTION_ID

COMPLETE = "complete"

_RESULT_TYPE = "resultType"
_COMPLETE = msgspec.Raw(encode(COMPLETE))
_MODERN_ONLY = frozenset({_RESULT_TYPE, "ttlMs", "cacheScope"})
_MODERN_META = frozenset({META_SERVER_INFO, META_SUBSCRIPTION_ID})
CACHEABLE = frozenset({"resources/read"})
"""The methods of upstreams whose results a modern client may keep."""
_PRIVATE = msgspec.Raw(b'"private"')
_URL_ELICITATION_REQUIRED = -32042  # 2025-11-25 only
_BAD_REQUEST = frozenset(
    {
        jsonrpc.PARSE_ERROR,
        jsonrpc.INVALID_REQUEST,
        jsonrpc.INVALID_PARAMS,
        jsonrpc.HEADER_MISMATCH,
        jsonrpc.MISSING_CLIENT_CAPABILITY,
        jsonrpc.UNSUPPORTED_PROTOCOL_VERSION,
    }
)
_MODERN_ERRORS = frozenset(
    {
        jsonrpc.HEADER_MISMATCH,
        jsonrpc.MISSING_CLIENT_CAPABILITY,
        jsonrpc.UNSUPPORTED_PROTOCOL_VERSION,
    }
)
_object = msgspec.json.Decoder(Params)
_error = msgspec.json.Decoder(jsonrpc.ErrorObject)
_blocks = msgspec.json.Decoder(list[msgspec.Raw])


class CannotTranslate(ValueError):
    """A result that the client's era can not express; the message says what it was."""


class InputWanted(CannotTranslate):
    """It asks for input instead of answering; see `input_rounds`."""


class _Text(msgspec.Struct):
    """A content block, as far as it is text."""

    type: str = ""
    text: str = ""


class _InputRequest(msgspec.Struct):
    method: str = ""


_text = msgspec.json.Decoder(_Text)
_input_requests = msgspec.json.Decoder(dict[str, _InputRequest])


def result_to_legacy(method: str, result: bytes | msgspec.Raw) -> bytes:
    """Without what only modern clients know. Raises CannotTranslate, or InputWanted when the
    upstream asks for input instead of answering."""
    return members_to_legacy(method, _members(result))


def members_to_legacy(method: str, members: Params) -> bytes:
    """The same of a result that was read."""
    _check_complete(members)
    kept = {key: value for key, value in members.items() if key not in _MODERN_ONLY}
    _strip_meta(kept)
    if method == "tools/call":
        _object_only(kept)
    return join_params(kept)


def result_to_modern(method: str, result: bytes | msgspec.Raw) -> bytes:
    """With `resultType`, and caching hints that promise nothing where they are required.
    Raises CannotTranslate."""
    return members_to_modern(method, _members(result))


def members_to_modern(method: str, members: Params) -> bytes:
    """The same of a result that was read."""
    members.pop(_RESULT_TYPE, None)
    if method in CACHEABLE:
        members.setdefault("ttlMs", msgspec.Raw(b"0"))
        members["cacheScope"] = _PRIVATE
    return _completed(members)


def has_result_type(result: bytes | msgspec.Raw) -> bool:
    """Whether a modern upstream names the kind of its result, as it must. Raises
    CannotTranslate."""
    return _RESULT_TYPE in _members(result)


def result_between_modern(method: str, result: bytes | msgspec.Raw) -> bytes:
    """With the `resultType` that an upstream forgets, and never public: what an upstream shows to
    everybody is here for those who may see it. Raises CannotTranslate."""
    members = _members(result)
    public = method in CACHEABLE and members.get("cacheScope", _PRIVATE) != _PRIVATE
    if public:
        members["cacheScope"] = _PRIVATE
    if _RESULT_TYPE not in members:
        return _completed(members)
    return join_params(members) if public else bytes(result)


def sound_error(error: bytes | msgspec.Raw) -> bytes:
    """The error as it came, or what stands for one that is malformed."""
    try:
        _error.decode(error)
    except msgspec.DecodeError:
        return encode(jsonrpc.decode_error(error))
    return bytes(error)


def error_to_legacy(method: str, error: bytes | msgspec.Raw) -> bytes:
    """Codes that legacy clients do not know become -32603; `data` stays."""
    found = jsonrpc.decode_error(error)
    if found.code in _MODERN_ERRORS:
        return _recoded(found, jsonrpc.INTERNAL_ERROR)
    if method == "resources/read" and found.code == jsonrpc.INVALID_PARAMS and _names_uri(found):
        return _recoded(found, jsonrpc.RESOURCE_NOT_FOUND)
    return bytes(error)


def error_to_modern(error: bytes | msgspec.Raw) -> bytes:
    """Codes that 2026-07-28 withdrew become its own; `data` stays."""
    found = jsonrpc.decode_error(error)
    if found.code == jsonrpc.RESOURCE_NOT_FOUND:
        return _recoded(found, jsonrpc.INVALID_PARAMS)
    if found.code == _URL_ELICITATION_REQUIRED:
        return _recoded(found, jsonrpc.INTERNAL_ERROR)
    return bytes(error)


def modern_status(error: bytes | msgspec.Raw) -> int:
    """The HTTP status under which 2026-07-28 sends this error."""
    code = jsonrpc.decode_error(error).code
    if code == jsonrpc.METHOD_NOT_FOUND:
        return 404
    return 400 if code in _BAD_REQUEST else 200


def _members(result: bytes | msgspec.Raw) -> Params:
    try:
        return _object.decode(result)
    except (msgspec.DecodeError, RecursionError) as error:
        raise CannotTranslate(f"the result is no JSON object: {error}") from error


def _completed(members: Params) -> bytes:
    return join_params({_RESULT_TYPE: _COMPLETE, **members})


def _check_complete(members: Params) -> None:
    raw = members.get(_RESULT_TYPE)
    if raw == _COMPLETE:
        return
    kind = COMPLETE if raw is None else read_string(raw)
    if kind == "input_required":
        asked = ", ".join(_asked(members.get("inputRequests"))) or "a retry"
        raise InputWanted(
            f"the answer asks for input ({asked}), which can not be passed on to this client"
        )
    if kind != COMPLETE:
        raise CannotTranslate(f"the result is of type {kind!r}, which this client can not take")


def _asked(raw: msgspec.Raw | None) -> list[str]:
    try:
        requests = _input_requests.decode(raw) if raw is not None else {}
    except msgspec.DecodeError:
        return []
    return sorted({request.method for request in requests.values()})


def _strip_meta(members: Params) -> None:
    meta = read_meta(members)
    if meta is None:
        return
    kept = {key: value for key, value in meta.items() if key not in _MODERN_META}
    if kept:
        members["_meta"] = msgspec.Raw(join_params(kept))
    else:
        del members["_meta"]


def _object_only(members: Params) -> None:
    """Legacy structured content is an object: anything else is shown as text instead."""
    structured = members.get("structuredContent")
    if structured is None or bytes(structured).startswith(b"{"):
        return
    del members["structuredContent"]
    blocks = _content(members)
    if not any(_says(block, structured) for block in blocks):
        text = encode({"type": "text", "text": bytes(structured).decode()})
        blocks.append(msgspec.Raw(text))
    members["content"] = msgspec.Raw(b"[" + b",".join(map(bytes, blocks)) + b"]")


def _content(members: Params) -> list[msgspec.Raw]:
    try:
        return _blocks.decode(members.get("content", b"[]"))
    except msgspec.DecodeError:
        return []


def _says(block: msgspec.Raw, structured: msgspec.Raw) -> bool:
    """Whether a content block is the structured content as text already."""
    try:
        found = _text.decode(block)
        return found.type == "text" and _same_json(found.text, structured)
    except (msgspec.DecodeError, RecursionError):  # of JSON within a string
        return False


def _same_json(text: str, raw: msgspec.Raw) -> bool:
    said: Any = msgspec.json.decode(text)
    return bool(said == msgspec.json.decode(raw))


def _names_uri(error: jsonrpc.ErrorObject) -> bool:
    if isinstance(error.data, msgspec.UnsetType):
        return False
    try:
        return "uri" in _object.decode(error.data)
    except msgspec.DecodeError:
        return False


def _recoded(error: jsonrpc.ErrorObject, code: int) -> bytes:
    return encode(jsonrpc.ErrorObject(code, error.message, error.data))
