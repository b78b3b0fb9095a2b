"""What an upstream said at discovery that it can do beyond answering, and what of our own can.
Pure."""

import msgspec

from mcpgateway.common.routing.model import Prompt, Resource, Upstream


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


def has_values(*own: Prompt | Resource) -> bool:
    """Whether a definition among these may name values of an argument, to complete it with."""
    return any(b'"enum"' in each.definition for each in own)
