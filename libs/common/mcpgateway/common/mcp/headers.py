"""Header values that mirror the body in 2026-07-28 (Streamable HTTP): `Mcp-Name`, `Mcp-Param-*`.

Printable ASCII without edge white space goes as it is; all else, and what looks like the
sentinel itself, goes as `=?base64?...?=`.
"""

import base64
import binascii
import re

PROTOCOL_VERSION = b"mcp-protocol-version"
METHOD = b"mcp-method"
NAME = b"mcp-name"
PARAM_PREFIX = b"mcp-param-"
SESSION_ID = b"mcp-session-id"

# Which member of params `Mcp-Name` mirrors.
NAMED_BY = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}

_PLAIN = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")
_SENTINEL = re.compile(r"=\?base64\?(.*)\?=")


class HeaderValueError(ValueError):
    """A mirrored header value that can not be decoded."""


def encode_value(value: str) -> str:
    if value == "" or (_PLAIN.fullmatch(value) and not _SENTINEL.fullmatch(value)):
        return value
    return f"=?base64?{base64.b64encode(value.encode()).decode()}?="


def decode_value(value: str) -> str:
    """Raises HeaderValueError, also for base64 that no encoder writes (one value, one form)."""
    wrapped = _SENTINEL.fullmatch(value) if value.startswith("=?") else None
    if wrapped is None:
        return value
    try:
        raw = base64.b64decode(wrapped[1], validate=True)
        if base64.b64encode(raw).decode() != wrapped[1]:
            raise HeaderValueError("not canonical base64")
        return raw.decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise HeaderValueError("not base64 of UTF-8") from error
