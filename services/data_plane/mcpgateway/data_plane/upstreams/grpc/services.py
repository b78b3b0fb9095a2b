"""What the descriptors of services say of their methods, worked out once for each set."""

import asyncio
from collections import OrderedDict

from google.protobuf.descriptor_pool import DescriptorPool

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.protobuf.codec import Codec
from mcpgateway.common.protobuf.pool import DescriptorError, build, unpack
from mcpgateway.common.routing.model import Upstream

_KEPT = 200  # services; the one called least recently goes first


class Service:
    """Of one set of descriptors."""

    def __init__(self, descriptors: bytes) -> None:
        """Raises DescriptorError."""
        self.descriptors = descriptors
        self.pool: DescriptorPool = build(unpack(descriptors))
        self._codecs: dict[str, Codec] = {}

    def codec(self, method: str) -> Codec | None:
        """None: there is no such method."""
        codec = self._codecs.get(method)
        if codec is None:
            try:
                codec = Codec(self.pool, method)
            except KeyError:
                return None
            self._codecs[method] = codec
        return codec


class Services:
    """Those that are called."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Service] = OrderedDict()

    async def of(self, upstream: Upstream) -> Service:
        """Made in a thread where it is new: a set may be large. Raises UpstreamUnreachable for
        descriptors that can not be used."""
        known = self._known.get(upstream.id)
        if known is None or known.descriptors != upstream.descriptors:
            known = await self._made(upstream)
            self._known[upstream.id] = known
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
        self._known.move_to_end(upstream.id)
        return known

    async def _made(self, upstream: Upstream) -> Service:
        try:
            return await asyncio.to_thread(Service, upstream.descriptors)
        except DescriptorError as error:
            said = f"upstream {upstream.name!r} can not be called: {error}"
            raise UpstreamUnreachable(said) from error
