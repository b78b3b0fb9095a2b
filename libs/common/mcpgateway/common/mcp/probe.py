"""Which era an upstream speaks, judged from its answer to a modern `server/discover`.

Pure: the caller sends and reads. Only a recognised modern answer means modern; all else that a
legacy server may say (400, 404, 405, 200 with an error, nothing in time) means: try `initialize`.
"""

from enum import Enum
from typing import NamedTuple

import msgspec

from mcpgateway.common import jsonrpc
from mcpgateway.common.mcp.revisions import LEGACY, MODERN


class Next(Enum):
    """What to do after the probe."""

    MODERN = "modern"  # and the answer is the DiscoverResult
    MODERN_UNTOLD = "modern, without server/discover"
    INITIALIZE = "initialize"
    STOP = "stop"


class Verdict(NamedTuple):
    """`why` says what was seen, for the error if nothing works out."""

    next: Next
    why: str = ""


class _Discover(msgspec.Struct, rename="camel"):
    supported_versions: list[str]


class _Supported(msgspec.Struct):
    supported: list[str]


_MODERN_ERRORS = (jsonrpc.HEADER_MISMATCH, jsonrpc.MISSING_CLIENT_CAPABILITY)


def judge(status: int, answer: jsonrpc.Frame | None) -> Verdict:
    """`answer` None: the body was no JSON-RPC response."""
    if status in (401, 403):
        return Verdict(Next.STOP, f"{status}")
    if answer is None or not answer.is_response:
        return Verdict(Next.INITIALIZE, f"answered {status} without a JSON-RPC response")
    if isinstance(answer.result, msgspec.Raw):
        return _discovered(answer.result)
    assert isinstance(answer.error, msgspec.Raw)
    return _refused(status, jsonrpc.decode_error(answer.error))


def _discovered(result: msgspec.Raw) -> Verdict:
    try:
        versions = msgspec.json.decode(result, type=_Discover).supported_versions
    except (msgspec.DecodeError, RecursionError) as error:
        return Verdict(Next.INITIALIZE, f"answered no DiscoverResult: {error}")
    return _spoken(versions, Next.MODERN)


def _refused(status: int, error: jsonrpc.ErrorObject) -> Verdict:
    why = f"answered {status} with error {error.code}: {error.message[:200]}"
    if error.code == jsonrpc.UNSUPPORTED_PROTOCOL_VERSION:
        return _spoken(_supported(error), Next.MODERN_UNTOLD)
    if error.code in _MODERN_ERRORS and status == 400:
        return Verdict(Next.STOP, why)
    if error.code == jsonrpc.METHOD_NOT_FOUND and status == 404:
        return Verdict(Next.MODERN_UNTOLD, why)
    return Verdict(Next.INITIALIZE, why)


def _spoken(versions: list[str], when_modern: Next) -> Verdict:
    if any(version in MODERN for version in versions):
        return Verdict(when_modern)
    said = ", ".join(version[:20] for version in versions[:20]) or "none"
    if any(version in LEGACY for version in versions):
        return Verdict(Next.INITIALIZE, f"speaks {said}")
    return Verdict(Next.STOP, f"speaks {said}, we speak {', '.join(MODERN + LEGACY)}")


def _supported(error: jsonrpc.ErrorObject) -> list[str]:
    if not isinstance(error.data, msgspec.Raw):
        return []
    try:
        return msgspec.json.decode(error.data, type=_Supported).supported
    except (msgspec.DecodeError, RecursionError):
        return []
