"""The types of results that a client of 2026-07-28 can take: those of the protocol, and those of
the extensions that it declared. What is of any other type is invalid to it. Pure."""

import msgspec

from mcpgateway.common.jsonrpc import Params
from mcpgateway.common.mcp import tasks
from mcpgateway.common.mcp.envelope import read_meta, read_string
from mcpgateway.common.mcp.revisions import META_CLIENT_CAPABILITIES

_OF_PROTOCOL = frozenset({"complete", "input_required"})
_SHOWN = 100  # characters of a type
_PLAIN = (b'"resultType":"complete"', b'"resultType": "complete"')


class _Type(msgspec.Struct, frozen=True):
    type: msgspec.Raw = msgspec.field(default=msgspec.Raw(b'"complete"'), name="resultType")


class _Response(msgspec.Struct):
    result: _Type = _Type()


class _Capabilities(msgspec.Struct):
    extensions: dict[str, msgspec.Raw] = {}


_type = msgspec.json.Decoder(_Type)
_response = msgspec.json.Decoder(_Response)
_capabilities = msgspec.json.Decoder(_Capabilities)


def seems_complete(body: bytes) -> bool:
    """Whether a response names its type as most do. Most are not looked at any closer: what only
    seems so is refused by the client."""
    return _PLAIN[0] in body or _PLAIN[1] in body


def unknown(kind: str) -> str:
    """What is wrong with a result of that type."""
    return f"the result is of type {kind!r}, which this client did not declare"


def undeclared_in(body: bytes, params: Params) -> str | None:
    """The same as `undeclared` of a whole response; None for an error, and for what is none."""
    if seems_complete(body):
        return None
    try:
        return _judged(_response.decode(body).result, params)
    except (msgspec.DecodeError, RecursionError):
        return None


def undeclared(result: bytes | msgspec.Raw, params: Params) -> str | None:
    """The type of a result that the client of a request (its `params`) did not say it knows; None
    for one that it takes. Which type is which extension's is known of tasks alone: any other type
    may be that of any other extension."""
    try:
        return _judged(_type.decode(result), params)
    except (msgspec.DecodeError, RecursionError):
        return None


def _judged(found: _Type, params: Params) -> str | None:
    kind = read_string(found.type)
    if kind in _OF_PROTOCOL:
        return None
    extensions = _declared(params)
    if kind == tasks.TASK:
        return None if tasks.EXTENSION in extensions else kind
    if kind is not None and extensions - {tasks.EXTENSION}:
        return None
    shown = bytes(found.type).decode(errors="replace") if kind is None else kind
    return shown[:_SHOWN]


def _declared(params: Params) -> frozenset[str]:
    meta = read_meta(params)
    raw = None if meta is None else meta.get(META_CLIENT_CAPABILITIES)
    if raw is None:
        return frozenset()
    try:
        return frozenset(_capabilities.decode(raw).extensions)
    except (msgspec.DecodeError, RecursionError):
        return frozenset()
