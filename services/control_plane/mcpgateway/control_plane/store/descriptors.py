"""What data planes get of gRPC services' descriptors: made once of each document and choice, for a
registry whose deltas are asked for again and again."""

import logging
import zlib

import msgspec

from mcpgateway.common.protobuf.pool import DescriptorError
from mcpgateway.control_plane.registry.model import Upstream
from mcpgateway.control_plane.registry.transports import grpc

KEPT = 256  # when there are more, those that were not wanted for the longest time go

_LOG = logging.getLogger(__name__)


class Descriptors:
    """Remembers the last `KEPT`; they are at most `pool.MAX_PACKED` bytes each."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, bytes], bytes] = {}

    def of(self, upstream: Upstream, body: bytes | None) -> bytes:
        """`body`: its document as it is stored. Empty when there is none, or none that can be used,
        which is logged: without descriptors its tools can not be called, and nothing else ends."""
        if upstream.transport != "GRPC" or not body:
            return b""
        key = (upstream.document, msgspec.json.encode(upstream.transport_options, order="sorted"))
        packed = self._made.pop(key, None)
        if packed is None:
            packed = _packed(upstream, body)
        self._made[key] = packed
        if len(self._made) > KEPT:
            del self._made[next(iter(self._made))]
        return packed


def _packed(upstream: Upstream, body: bytes) -> bytes:
    try:
        return grpc.packed(upstream.transport_options, zlib.decompress(body))
    except (DescriptorError, msgspec.ValidationError, zlib.error) as error:
        _LOG.error("the descriptors of gateway %s can not be used: %s", upstream.id, error)
        return b""
