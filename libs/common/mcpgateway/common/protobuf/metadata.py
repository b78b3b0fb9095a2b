"""The metadata that a call goes out with: header lines of credentials and of what is passed on.
Pure.
"""

import base64
import binascii
import re
from collections.abc import Sequence

from mcpgateway.common.errors import InvalidCall
from mcpgateway.common.mcp.headers import PARAM_PREFIX
from mcpgateway.common.policy.passthrough import OWN

_KEY = re.compile(rb"[0-9a-z_.-]{1,256}")
_TEXT = re.compile(rb"[\x20-\x7e]*")
_BINARY = b"-bin"  # ends keys whose values are any bytes, in base64 as header lines


def metadata(lines: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str | bytes]]:
    """Raises InvalidCall for a line that gRPC has no form for."""
    return [_pair(name, value) for name, value in lines if _goes_out(name)]


def _goes_out(name: bytes) -> bool:
    """Neither what is HTTP's or gRPC's own, nor what is of MCP."""
    return name not in OWN and not name.startswith((b"grpc-", b":", PARAM_PREFIX))


def _pair(name: bytes, value: bytes) -> tuple[str, str | bytes]:
    if not _KEY.fullmatch(name):
        raise _refused(name, "a key has lower case letters, digits, '_', '-' and '.' only")
    if name.endswith(_BINARY):
        return name.decode(), _decoded(name, value)
    if not _TEXT.fullmatch(value):
        raise _refused(name, "a value that is no printable ASCII needs a key that ends in '-bin'")
    return name.decode(), value.decode()


def _decoded(name: bytes, value: bytes) -> bytes:
    try:
        return base64.b64decode(value + b"=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _refused(name, "the value of a key that ends in '-bin' is base64") from None


def _refused(name: bytes, right: str) -> InvalidCall:
    shown = repr(name.decode("latin-1")[:80])
    return InvalidCall(f"header {shown} can not go out as metadata of gRPC: {right}")
