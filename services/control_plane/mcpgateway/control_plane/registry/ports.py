"""The ports of the registry: what it needs of the outside, implemented by store and discovery."""

from typing import Literal, Protocol

import msgspec

from mcpgateway.common.routing.model import Delta

Transport = Literal["STREAMABLEHTTP", "SSE"]


class Target(msgspec.Struct, frozen=True):
    """An upstream to look at. `transport` None: find out. `headers` carry its credentials."""

    url: str
    transport: Transport | None = None
    headers: tuple[tuple[str, str], ...] = ()


class Found(msgspec.Struct, frozen=True):
    """One listed thing: its name (tools, prompts) or URI (resources) or URI template, and its
    definition as JSON bytes without that member, otherwise exactly as sent."""

    name: str
    definition: bytes


class Discovered(msgspec.Struct, frozen=True):
    """What a real handshake and full lists said."""

    transport: Transport
    era: Literal["modern", "legacy"]
    protocol_version: str
    capabilities: bytes
    instructions: str = ""
    server_name: str = ""
    server_version: str = ""
    adds_result_type: bool = True
    tools: tuple[Found, ...] = ()
    prompts: tuple[Found, ...] = ()
    resources: tuple[Found, ...] = ()
    templates: tuple[Found, ...] = ()
    problems: tuple[str, ...] = ()  # listed things that were left out, and why


class Discoverer(Protocol):
    async def discover(self, target: Target) -> Discovered:
        """Within the discovery timeout. Raises UpstreamUnreachable (refused, DNS, TLS, address
        guard), UpstreamTimeout, UpstreamRejected (not MCP, HTTP 401, ...), each saying precisely
        what happened at which step with which URL."""


class RoutingSource(Protocol):
    """What the publisher reads."""

    async def delta(self, base: int) -> Delta:
        """All that changed after `base`, read in one REPEATABLE READ transaction at exactly
        `revision`; base 0 reads everything (a snapshot). Secrets are store-sealed."""
