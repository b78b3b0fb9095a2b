"""The ports of discovery: what is asked of upstreams, and what they are found to be."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

import msgspec

from mcpgateway.common.routing.rest_request import RestRequest
from mcpgateway.control_plane.registry.model import Transport


class Target(msgspec.Struct, frozen=True):
    """An upstream to look at. `transport` None: find out. `headers` carry its credentials. The
    certificates and the key of `client_cert` are PEM, "" for none. `options` are its
    `Upstream.transport_options`; `document` what was found last, or was given by hand; `id` is that
    of a registered one; `environment` that of a stdio server's process."""

    url: str
    transport: Transport | None = None
    headers: tuple[tuple[str, str], ...] = ()
    ca_certificate: str = ""
    client_cert: str = ""
    client_key: str = ""
    options: dict[str, Any] = {}
    document: bytes = b""
    id: str = ""
    environment: tuple[tuple[str, str], ...] = ()


class Found(msgspec.Struct, frozen=True):
    """One listed thing: its name (tools, prompts) or URI (resources) or URI template, and its
    definition as JSON bytes without that member, otherwise exactly as sent. `request`: the REST
    operation that a tool of an OPENAPI upstream is."""

    name: str
    definition: bytes
    request: RestRequest | None = None


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
    document: bytes = b""  # what they were made of: OpenAPI, or a FileDescriptorSet
    url: str = ""  # another one than was asked for: an OpenAPI document says where its API is


class Documents(Protocol):
    """What tools were made of, by the SHA-256 of it: never changed, so that every version of an
    upstream finds its own."""

    async def keep(self, document: bytes) -> str:
        """Answers its SHA-256 in hex, "" for an empty one."""

    async def get(self, sha256: str) -> bytes:
        """Empty for "". Raises NotFound."""


class Discoverer(Protocol):
    async def discover(self, target: Target) -> Discovered:
        """Within the discovery timeout. Raises UpstreamUnreachable (refused, DNS, TLS, address
        guard), UpstreamTimeout, UpstreamRejected (not MCP, HTTP 401, ...), each saying precisely
        what happened at which step with which URL."""


class Request(NamedTuple):
    """An HTTP request of a connection test."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None


class Reached(NamedTuple):
    """What was answered, of the body the beginning."""

    status: int
    media_type: str
    body: bytes
    cache_control: str = ""


class Reacher(Protocol):
    async def reach(self, request: Request) -> Reached:
        """Redirects are not followed. Raises what `Discoverer.discover` does, and InvalidCall."""


@dataclass(frozen=True, slots=True)
class Watched:
    """An enabled upstream. `capabilities` as discovered. `target` holds its credentials and is
    therefore never shown. `interval` in seconds; None: the usual one. One that is `warm` is kept
    running."""

    id: str
    target: Target = field(repr=False)
    capabilities: bytes = b"{}"
    interval: float | None = None
    warm: bool = False


class Watchlist(Protocol):
    """What upkeep of the upstreams needs of the registry. All raise GatewayError."""

    async def enabled(self) -> Sequence[Watched]: ...

    async def refresh(self, id: str) -> None:
        """Discovers one upstream and writes what was found."""

    async def observed(self, id: str, reachable: bool, error: str) -> None:
        """Keeps whether an upstream was reached."""
