"""Which era a message speaks, and the 2026-07-28 rules that its headers and `_meta` must keep.

Pure: it judges a decoded frame against header values. The body decides the era, then the headers
are held against it. Whether a method exists is not asked here.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import headers as mirrored
from mcpgateway.common.mcp.revisions import (
    LEGACY,
    META_CLIENT_CAPABILITIES,
    META_PROTOCOL_VERSION,
    MODERN,
    SUPPORTED,
    Era,
)

Meta = dict[str, msgspec.Raw]

_ROUTING = (mirrored.PROTOCOL_VERSION, mirrored.METHOD, mirrored.NAME)
_REQUIRED = (META_PROTOCOL_VERSION, META_CLIENT_CAPABILITIES)
_meta = msgspec.json.Decoder(Meta)
_string = msgspec.json.Decoder(str)
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Problem(NamedTuple):
    """Why a message is refused: a JSON-RPC error, and the HTTP status of the modern transport.
    `bare` is the message for a caller whose body is the params alone, where that differs."""

    code: int
    message: str
    status: int = 400
    data: object = None
    bare: str = ""


def read_meta(params: jsonrpc.Params) -> Meta | None:
    """`params._meta`, each member raw; None when there is none or it is no object."""
    raw = params.get("_meta")
    if raw is None:
        return None
    try:
        return _meta.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def read_string(raw: msgspec.Raw | None) -> str | None:
    """The string that a raw member holds; None when it is absent or something else."""
    if raw is None:
        return None
    try:
        return _string.decode(raw)
    except msgspec.DecodeError:
        return None


def era_of(method: str | None, meta: Meta | None, version_header: bytes | None) -> Era:
    """The body first: a protocol version in `_meta` is modern. Otherwise the header decides,
    and without one a message is legacy, `initialize` among them."""
    if meta is not None and META_PROTOCOL_VERSION in meta:
        return "modern"
    if version_header is not None and version_header.decode("latin-1") in MODERN:
        return "modern"
    return "legacy"


def check_modern(
    method: str, params: jsonrpc.Params, meta: Meta | None, headers: Mapping[bytes, bytes]
) -> Problem | None:
    """The ladder of 2026-07-28, first failure wins: `_meta` is complete, the headers mirror the
    body, the version is one of ours. `headers` has each name once (see `duplicated`)."""
    if meta is None:
        return Problem(
            jsonrpc.INVALID_PARAMS,
            f"params._meta must be an object with {' and '.join(_REQUIRED)}",
        )
    if META_PROTOCOL_VERSION not in meta or META_CLIENT_CAPABILITIES not in meta:
        missing = [key for key in _REQUIRED if key not in meta]
        return Problem(jsonrpc.INVALID_PARAMS, f"params._meta lacks {' and '.join(missing)}")
    version = read_string(meta[META_PROTOCOL_VERSION])
    return (
        _check_headers(method, params, version, headers)
        or _check_version(version)
        or _check_capabilities(meta[META_CLIENT_CAPABILITIES])
    )


def check_modern_notification(meta: Meta | None, version_header: bytes | None) -> Problem | None:
    """A notification needs no `_meta`; what it names must be a version of ours."""
    if meta is not None and META_PROTOCOL_VERSION in meta:
        return _check_version(read_string(meta[META_PROTOCOL_VERSION]))
    return check_version_header(version_header)


def check_version_header(version_header: bytes | None) -> Problem | None:
    """A legacy message may come without the header, not with a version that nobody knows."""
    if version_header is None:
        return None
    version = version_header.decode("latin-1")
    if version in LEGACY or version in MODERN:
        return None
    return _unsupported(version, SUPPORTED)


def duplicated(headers: Sequence[tuple[bytes, bytes]]) -> Problem | None:
    """A routing header that was sent twice: readers of the first and of the last would differ."""
    seen: set[bytes] = set()
    for name, _ in headers:
        if name in seen:
            shown = name.decode("latin-1")
            return Problem(jsonrpc.HEADER_MISMATCH, f"header {shown} was sent more than once")
        if name in _ROUTING:
            seen.add(name)
    return None


def _check_headers(
    method: str, params: jsonrpc.Params, version: str | None, headers: Mapping[bytes, bytes]
) -> Problem | None:
    if _text(headers, mirrored.PROTOCOL_VERSION) != version or version is None:
        return _mismatch("MCP-Protocol-Version", f"params._meta.{META_PROTOCOL_VERSION}")
    if _text(headers, mirrored.METHOD) != method:
        return _mismatch("Mcp-Method", "method")
    member = mirrored.NAMED_BY.get(method)
    raw = params.get(member) if member is not None else None
    if raw is None or bytes(raw) == b"null":
        return None
    if _decoded(_text(headers, mirrored.NAME)) != read_string(raw):
        return _mismatch("Mcp-Name", f"params.{member}")
    return None


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


class _Undecodable:
    """Equals no body value."""


_UNDECODABLE = _Undecodable()


def _decoded(value: str | None) -> str | _Undecodable:
    if value is None:
        return _UNDECODABLE
    try:
        return mirrored.decode_value(value)
    except mirrored.HeaderValueError:
        return _UNDECODABLE


def _mismatch(header: str, member: str) -> Problem:
    return Problem(jsonrpc.HEADER_MISMATCH, f"header {header} is missing or differs from {member}")


def _check_version(version: str | None) -> Problem | None:
    if version is None:
        return Problem(
            jsonrpc.INVALID_PARAMS, f"params._meta.{META_PROTOCOL_VERSION} must be a string"
        )
    return None if version in MODERN else _unsupported(version, MODERN)


def _check_capabilities(raw: msgspec.Raw) -> Problem | None:
    try:
        _object.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return Problem(
            jsonrpc.INVALID_PARAMS, f"params._meta.{META_CLIENT_CAPABILITIES} must be an object"
        )
    return None


def _unsupported(version: str, supported: Sequence[str]) -> Problem:
    return Problem(
        jsonrpc.UNSUPPORTED_PROTOCOL_VERSION,
        f"protocol version {version!r} is not supported; use one of {', '.join(supported)}",
        data={"supported": list(supported), "requested": version},
    )
