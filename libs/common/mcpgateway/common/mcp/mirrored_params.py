"""`Mcp-Param-*` header lines (2026-07-28) of one call: the arguments that the tool's schema wants
to see mirrored. Which those are, `param_headers` says. Pure."""

from typing import Any

import msgspec

from mcpgateway.common.mcp import param_headers
from mcpgateway.common.mcp.headers import PARAM_PREFIX, encode_value
from mcpgateway.common.mcp.param_headers import ParamHeader

Wanted = tuple[ParamHeader, ...]


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


def lines(wanted: Wanted, arguments: bytes | msgspec.Raw) -> list[tuple[bytes, bytes]]:
    """Header name and value for each argument (JSON object) that is there and not null."""
    if not wanted:
        return []
    try:
        decoded = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return []
    found = []
    for path, token in wanted:
        value = _shown(_at(decoded, path))
        if value is not None:
            found.append((PARAM_PREFIX + token.lower().encode(), encode_value(value).encode()))
    return found


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _shown(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | str) else None
