"""What an upstream said at discovery that it can do beyond answering. Pure."""

import msgspec

from mcpgateway.common.routing.model import Upstream


class _Resources(msgspec.Struct):
    subscribe: bool = False


class _Capabilities(msgspec.Struct):
    resources: _Resources = msgspec.field(default_factory=_Resources)


_capabilities = msgspec.json.Decoder(_Capabilities)


def tells_of_resources(upstream: Upstream) -> bool:
    """Whether it tells who follows a resource that it has changed. What can not be read is no
    promise."""
    try:
        return _capabilities.decode(upstream.capabilities).resources.subscribe
    except (msgspec.DecodeError, RecursionError):
        return False
