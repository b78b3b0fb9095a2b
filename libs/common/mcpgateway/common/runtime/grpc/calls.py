"""Questions that are asked of a service over one channel: with metadata, gRPC's errors as ours."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import grpc
import grpc.aio

from mcpgateway.common.errors import (
    UpstreamError,
    UpstreamRejected,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from mcpgateway.common.protobuf.metadata import metadata

Metadata = tuple[tuple[str, str | bytes], ...]

_QUOTED = 300  # characters of a service's own words
_REFUSED = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)


def metadata_of(headers: Iterable[tuple[str, str]]) -> Metadata:
    """Header lines as a call sends them. Raises InvalidCall, which shows no value."""
    lines = [(name.lower().encode(), value.encode()) for name, value in headers]
    return tuple(metadata(lines))


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
