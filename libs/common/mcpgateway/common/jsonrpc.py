"""JSON-RPC 2.0 messages, read once and carried raw.

`Frame` decodes the envelope; `params` keeps every member as raw bytes, so unknown members,
numbers and key order survive. What is sent on is re-emitted from what was read, never the
original bytes: an upstream can not see a duplicate key that policy did not see.
"""

import json
import re
import sys
from collections import Counter
from typing import Any, TypeVar

import msgspec

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
# MCP 2026-07-28
HEADER_MISMATCH = -32020
MISSING_CLIENT_CAPABILITY = -32021
UNSUPPORTED_PROTOCOL_VERSION = -32022
# MCP legacy: resource not found (2026-07-28 says -32602)
RESOURCE_NOT_FOUND = -32002
# Ours: outside -32768..-32000, which JSON-RPC reserves.
OUTCOME_UNKNOWN = -31001
UPSTREAM_FAILED = -31002
UPSTREAM_TIMED_OUT = -31003
UNAUTHENTICATED = -31004
DENIED = -31005
LIMITED = -31006

_FLAT = 800  # bytes: what is shorter is nested less than 400 deep
_RESERVE = 100  # levels that are left to whoever reads a part later, from deeper in the stack

T = TypeVar("T")
Id = int | str
Params = dict[str, msgspec.Raw]


class Frame(msgspec.Struct, gc=False):
    """One JSON-RPC message. A member that was not sent is UNSET; `id` null is refused on decode."""

    jsonrpc: str = ""
    method: str | msgspec.UnsetType = msgspec.UNSET
    id: int | str | msgspec.UnsetType | None = msgspec.UNSET
    params: Params | msgspec.UnsetType = msgspec.UNSET
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    @property
    def is_request(self) -> bool:
        return self.method is not msgspec.UNSET and self.id is not msgspec.UNSET

    @property
    def is_notification(self) -> bool:
        return self.method is not msgspec.UNSET and self.id is msgspec.UNSET

    @property
    def is_response(self) -> bool:
        return self.result is not msgspec.UNSET or self.error is not msgspec.UNSET


class FrameError(Exception):
    """A body that is no JSON-RPC message. `code` is -32700 or -32600, `id` the id if readable."""

    def __init__(self, code: int, message: str, id: Id | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.id = id


class ErrorObject(msgspec.Struct, gc=False):
    """The `error` member."""

    code: int
    message: str = ""
    data: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


# An escape of a JSON string: a surrogate pair, half of one, or any other.
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}"
    rb"|(?P<half>u[dD][89a-fA-F][\da-fA-F]{2})|.)"
)
_frame = msgspec.json.Decoder(Frame)
_error = msgspec.json.Decoder(ErrorObject)
encode = msgspec.json.Encoder().encode


def decode_frame(body: bytes) -> Frame:
    """Raises FrameError. Invalid UTF-8 anywhere, also inside raw values, is a parse error."""
    try:
        if not body.isascii():
            body.decode()
        frame = decode_outermost(_frame, body)
    except UnicodeDecodeError as error:
        raise FrameError(PARSE_ERROR, f"body is not UTF-8 at byte {error.start}") from error
    except msgspec.ValidationError as error:
        raise FrameError(INVALID_REQUEST, f"not a JSON-RPC message: {error}") from error
    except msgspec.DecodeError as error:
        raise FrameError(PARSE_ERROR, f"body is not JSON: {error}") from error
    except RecursionError as error:
        raise FrameError(INVALID_REQUEST, "JSON is nested too deeply") from error
    responds = frame.result is not msgspec.UNSET or frame.error is not msgspec.UNSET
    one_kind = responds is (frame.method is msgspec.UNSET)
    if frame.jsonrpc != "2.0" or frame.id is None or not one_kind:
        raise _fault(frame)
    return frame


def decode_outermost(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """For what comes from outside. What it takes can be decoded whole, in parts, wherever in the
    stack that happens: the interpreter's limit is the same for nested JSON and for nested calls.
    Raises what the decoder does, RecursionError for what is nested too deeply."""
    if len(body) <= _FLAT:
        return decoder.decode(body)
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(limit - _RESERVE)
    try:
        return decoder.decode(body)
    finally:
        sys.setrecursionlimit(limit)


def _fault(frame: Frame) -> FrameError:
    if frame.id is None:
        return FrameError(INVALID_REQUEST, "id must be a string or an integer, got null")
    id = None if isinstance(frame.id, msgspec.UnsetType) else frame.id
    if frame.jsonrpc != "2.0":
        return FrameError(INVALID_REQUEST, f'jsonrpc must be "2.0", got {frame.jsonrpc!r}', id)
    if frame.method is msgspec.UNSET and not frame.is_response:
        return FrameError(INVALID_REQUEST, "neither method nor result nor error is there", id)
    return FrameError(INVALID_REQUEST, "a message has either a method or a result or error", id)


def decode_error(raw: bytes | msgspec.Raw) -> ErrorObject:
    """The error member, or a stand-in that says that it was malformed."""
    try:
        return _error.decode(raw)
    except msgspec.DecodeError:
        return ErrorObject(INTERNAL_ERROR, "upstream sent a malformed JSON-RPC error")


def mended(body: bytes) -> bytes:
    """The same JSON text with halves of surrogate pairs replaced by U+FFFD.

    JavaScript writes such halves where it cut a text in the middle of a character; they are no
    text in any encoding, and `decode_frame` refuses them.
    """
    return _ESCAPE.sub(_mend, body)


def _mend(escape: re.Match[bytes]) -> bytes:
    return b"\\ufffd" if escape["half"] else escape[0]


def join_params(params: Params) -> bytes:
    """A JSON object of the members, in order, values untouched."""
    return encode(params)


def request(id: Id, method: str, params: bytes = b"{}") -> bytes:
    """`params` is a JSON object, spliced as it is."""
    return b'{"jsonrpc":"2.0","id":%b,"method":%b,"params":%b}' % (
        encode(id),
        encode(method),
        params,
    )


def notification(method: str, params: bytes = b"{}") -> bytes:
    return b'{"jsonrpc":"2.0","method":%b,"params":%b}' % (encode(method), params)


def response(id: Id, result: bytes) -> bytes:
    """`result` is JSON, spliced as it is."""
    return b'{"jsonrpc":"2.0","id":%b,"result":%b}' % (encode(id), result)


def error(id: Id | None, code: int, message: str, data: object = None) -> bytes:
    """An error response; `data` is left out when None."""
    body: dict[str, object] = {"code": code, "message": message}
    if data is not None:
        body["data"] = data
    return b'{"jsonrpc":"2.0","id":%b,"error":%b}' % (encode(id), encode(body))


def raw_error(id: Id, error: bytes) -> bytes:
    """An error response around an `error` member that is passed on untouched."""
    return b'{"jsonrpc":"2.0","id":%b,"error":%b}' % (encode(id), error)


class DuplicateKey(ValueError):
    """A JSON object names a member twice."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise DuplicateKey(f"duplicate key {twice!r}")
    return found


_anything = msgspec.json.Decoder()
_strict = json.JSONDecoder(object_pairs_hook=_unique)


def decode_strict(raw: bytes | msgspec.Raw) -> Any:
    """Full decode, for rules that judge the arguments of a call: what they read must be what the
    upstream reads. Raises ValueError (DuplicateKey is one) and RecursionError."""
    text = bytes(raw)
    try:
        value = _anything.decode(text)
        if encode(value) == text:
            return value  # nothing was lost on the way, so nothing was there twice
    except (msgspec.DecodeError, UnicodeEncodeError):
        pass  # is told below
    plain = text[:1] in (b"{", b"[") and text[1:2] != b"\0"  # most, and no other than UTF-8
    encoding = "utf-8" if plain else json.detect_encoding(text)
    return _strict.decode(text.decode(encoding, "surrogatepass"))
