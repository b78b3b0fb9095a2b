"""The head of an ASGI request, judged: what the HTTP/1.1 door refuses and the libraries for HTTP/2
and HTTP/3 let through. Pure.
"""

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcpgateway.common.runtime.http import wire
from mcpgateway.common.runtime.http.exchange import ServerLimits
from mcpgateway.common.runtime.http.request_head import Refused

Scope = MutableMapping[str, Any]
Header = tuple[bytes, bytes]

_LINE = 4  # ": " and CRLF, as the HTTP/1.1 door counts
# Readers of the first and of the last of two would differ about who asks, and what.
_ONCE = (b"host", b"authorization", b"origin", b"content-length")
# HTTP/2 and HTTP/3 need no header to send a body of unknown length. The applications read it from
# the one that HTTP/1.1 has; none passes it on.
_OF_UNKNOWN_LENGTH = (b"transfer-encoding", b"chunked")
_WITH_CODINGS = ("1.0", "1.1")
_WITH_BODY = ("POST", "PUT", "PATCH")
_CONTROLS = (b"\0", b"\r", b"\n")
# What stands in a request line or before a colon when a request is passed on over HTTP/1.1.
_METHOD = re.compile(r"[A-Z]+(?:-[A-Z]+)*")
_TARGET = re.compile(rb"[\x21-\x7e]+")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+")


@dataclass(frozen=True, slots=True)
class Head:
    """`declared` is Content-Length, None when the request has none. `kept` is what the server
    keeps for the connection."""

    method: str
    target: bytes
    path: str
    query: str
    headers: list[Header]
    peer: tuple[str, int]
    scheme: str
    declared: int | None
    kept: dict[str, Any]


def read_head(scope: Scope, limits: ServerLimits) -> Head:
    """Raises Refused."""
    method = scope["method"]
    if method == "CONNECT":
        raise Refused(501, "this is no proxy: CONNECT is not served")
    if not _METHOD.fullmatch(method):
        raise Refused(400, "the method is none of HTTP's")
    target = _target(scope)
    if len(target) > limits.target_bytes:
        raise Refused(414, f"the request target is over {limits.target_bytes} bytes")
    headers = [(bytes(name).lower(), bytes(value)) for name, value in scope["headers"]]
    _judge_size(headers, limits)
    once = _judge_once(headers)
    _judge_host(target, once)
    declared = _length(once.get(b"content-length"))
    if declared is None and method in _WITH_BODY and scope["http_version"] not in _WITH_CODINGS:
        headers.append(_OF_UNKNOWN_LENGTH)
    try:
        path, query = wire.split_target(method, target)
    except ValueError as error:
        raise Refused(400, str(error)) from None
    peer = scope.get("client") or ("", 0)
    return Head(
        method=method,
        target=target,
        path=path,
        query=query,
        headers=headers,
        peer=(peer[0], peer[1]),
        scheme=scope.get("scheme", "http"),
        declared=declared,
        kept=scope.get("state", {}).setdefault("kept", {}),
    )


def _target(scope: Scope) -> bytes:
    path, query = bytes(scope["raw_path"]), bytes(scope["query_string"])
    return b"%b?%b" % (path, query) if query else path


def _judge_size(headers: Sequence[Header], limits: ServerLimits) -> None:
    if len(headers) > limits.header_count:
        raise Refused(431, f"the request has over {limits.header_count} headers")
    if sum(len(name) + len(value) + _LINE for name, value in headers) > limits.header_bytes:
        raise Refused(431, f"the request head is over {limits.header_bytes} bytes")
    for name, value in headers:
        if any(control in value for control in _CONTROLS) or not _NAME.fullmatch(name):
            raise Refused(400, "a header holds CR, LF or NUL, or its name is none")


def _judge_once(headers: Sequence[Header]) -> dict[bytes, bytes]:
    """The headers that may come once."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in _ONCE:
            if name in found:
                raise Refused(400, f"header {name.decode()} was sent more than once")
            found[name] = value
    return found


def _judge_host(target: bytes, once: Mapping[bytes, bytes]) -> None:
    host = once.get(b"host")
    if not host:
        raise Refused(400, "a request needs one Host or :authority")
    if not wire.is_host(host):
        raise Refused(400, "the Host is not a host with an optional port")
    if not _TARGET.fullmatch(target):
        raise Refused(400, "the request target holds bytes that must be percent-encoded")
    if not (target.startswith(b"/") or target == b"*"):
        raise Refused(400, "the request target must be a path")


def _length(value: bytes | None) -> int | None:
    if value is None:
        return None
    if not value.isdigit() or len(value) > 18:
        raise Refused(400, "Content-Length is not a number of bytes")
    return int(value)
