"""Questions that are asked of a service over one channel: with metadata, gRPC's errors as ours."""

import base64
import binascii
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import grpc
import grpc.aio

from mcpgateway.common.errors import (
    InvalidCall,
    UpstreamError,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)

Metadata = tuple[tuple[str, str | bytes], ...]

_QUOTED = 300  # characters of a service's own words
_REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)


def metadata_of(headers: Iterable[tuple[str, str]]) -> Metadata:
    """Header lines as metadata: names in lower case, `-bin` values as the bytes that they are in
    base64. Raises InvalidCall, which shows no value."""
    return tuple(_member(name.lower(), value) for name, value in headers)


def _member(name: str, value: str) -> tuple[str, str | bytes]:
    if not name.endswith("-bin"):
        return name, value
    try:
        return name, base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except binascii.Error as error:
        raise InvalidCall(f"the value of {name} must be base64, as all of -bin are") from error


@contextmanager
def translated(what: str) -> Iterator[None]:
    """The border: a call that fails raises UpstreamError that says `what` was asked."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise _ours(what, error) from error
    except grpc.aio.UsageError as error:
        raise UpstreamRejected(f"{what}: {error}") from error


def _ours(what: str, error: grpc.aio.AioRpcError) -> UpstreamError:
    code = error.code()
    said = " ".join((error.details() or "").split())[:_QUOTED]
    told = f"{what}: {code.name}" + (f" ({said})" if said else "")
    if code is grpc.StatusCode.UNAVAILABLE:
        return UpstreamUnreachable(told)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return UpstreamTimeout(told)
    if code in _REFUSED:
        return UpstreamRejected(f"{told}: are its credentials registered?")
    return UpstreamRejected(told)


def unimplemented(error: grpc.aio.AioRpcError) -> bool:
    return error.code() is grpc.StatusCode.UNIMPLEMENTED
