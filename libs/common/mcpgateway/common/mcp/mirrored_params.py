"""`Mcp-Param-*` header lines (2026-07-28) of one call: the arguments that the tool's schema wants
to see mirrored, made and checked. Which those are, `param_headers` says. Pure."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp import param_headers
from mcpgateway.common.mcp.headers import (
    PARAM_PREFIX,
    HeaderValueError,
    decode_value,
    encode_value,
)
from mcpgateway.common.mcp.param_headers import ParamHeader

Wanted = tuple[ParamHeader, ...]
_INTEGER = re.compile(r"(-?\d{1,4000})(?:\.0*)?")  # int() takes no more digits


class _Definition(msgspec.Struct):
    input_schema: dict[str, Any] = msgspec.field(name="inputSchema", default_factory=dict)


_definition = msgspec.json.Decoder(_Definition)


def wanted(definition: bytes) -> Wanted:
    """What a tool's definition (JSON) wants mirrored; nothing when it can not be used."""
    if param_headers.KEYWORD.encode() not in definition:
        return ()
    try:
        return param_headers.declared(_definition.decode(definition).input_schema)
    except (msgspec.DecodeError, RecursionError, param_headers.ParamHeaderError):
        return ()


class Unreadable(ValueError):
    """Arguments that an upstream may read otherwise than we do; the message says why."""


def read(arguments: bytes | msgspec.Raw) -> Any:
    """Arguments (JSON) to hold against headers. Raises Unreadable: what is compared here must be
    what the upstream reads, and of a duplicate key it may take either."""
    try:
        return jsonrpc.decode_strict(arguments)
    except jsonrpc.DuplicateKey as error:
        raise Unreadable(f"has a {error}") from error
    except (ValueError, RecursionError) as error:
        raise Unreadable("has a number that is too long, or is nested too deeply") from error


def lines(wanted: Wanted, arguments: bytes | msgspec.Raw) -> list[tuple[bytes, bytes]]:
    """Header name and value for each argument (JSON object) that is there and not null; none of
    what is unreadable, which an upstream that wants them refuses."""
    if not wanted:
        return []
    try:
        decoded = read(arguments)
    except Unreadable:
        return []
    found = []
    for path, token, _ in wanted:
        value = _shown(_at(decoded, path))
        if value is not None:
            found.append((_header(token), encode_value(value).encode()))
    return found


def mismatch(wanted: Wanted, arguments: Any, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """What is wrong with the lines of a client, or None. Argument and header are both there and
    equal, or neither is; a null argument is none. `arguments` were `read`, header names are lower
    case."""
    sent: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        sent.setdefault(name, []).append(value)
    for path, token, integer in wanted:
        told = sent.get(_header(token), [])
        problem = _disagreement(_at(arguments, path), told, integer=integer)
        if problem is not None:
            argument = ".".join(path)
            return f"header Mcp-Param-{token} {problem} params.arguments.{argument}"
    return None


def _disagreement(value: Any, lines: list[bytes], *, integer: bool) -> str | None:
    if len(lines) > 1:
        return "was sent more than once for"
    shown = _shown(value)
    if shown is None:
        return "differs from" if lines else None
    if not lines:
        return "is missing for"
    try:
        told = decode_value(lines[0].decode("latin-1"))
    except HeaderValueError:
        return "is not base64 of"
    same = told == shown or (integer and _same_integer(value, told))
    return None if same else "differs from"


def _same_integer(value: Any, told: str) -> bool:
    if isinstance(value, str | bool) or (isinstance(value, float) and not value.is_integer()):
        return False
    digits = _INTEGER.fullmatch(told)
    return digits is not None and int(digits[1]) == int(value)


def _header(token: str) -> bytes:
    return PARAM_PREFIX + token.lower().encode()


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _shown(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float | str) else None
