"""What stands around tokens for upstreams in tests: authorization servers that answer as was set by
hand, and a bucket that keeps what was put."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from mcpgateway.common.errors import UpstreamUnreachable
from mcpgateway.common.routing.upstream_tokens import UpstreamToken
from mcpgateway.control_plane.registry.upstream_auth.oauth_config import Client
from mcpgateway.control_plane.registry.upstream_auth.ports import Answered

NONE: Mapping[str, str] = MappingProxyType({})


class FakeAuthServers:
    """Implements upstream_auth.ports.OAuthNetwork: a URL answers as was set by hand; nothing is
    elsewhere. `seen` keeps what was sent where, and by which client."""

    def __init__(self) -> None:
        self.at: dict[str, Answered] = {}
        self.seen: list[tuple[str, Any, Client | None]] = []

    def put(self, url: str, said: object, status: int = 200) -> None:
        self.at[url] = Answered(status, msgspec.json.encode(said))

    async def post_form(self, url: str, params: Mapping[str, str], client: Client) -> Answered:
        return self._answer(url, dict(params), client)

    async def post(self, url: str, body: bytes, headers: Mapping[str, str] = NONE) -> Answered:
        return self._answer(url, msgspec.json.decode(body), None)

    async def get(self, url: str, accept: str = "application/json") -> Answered:
        return self._answer(url, None, None)

    def _answer(self, url: str, sent: Any, client: Client | None) -> Answered:
        self.seen.append((url, sent, client))
        if url not in self.at:
            raise UpstreamUnreachable(f"connecting to {url}: connection refused")
        return self.at[url]


class FakeTokenBucket:
    """Implements upstream_auth.ports.TokenBucket."""

    def __init__(self) -> None:
        self.held: dict[str, UpstreamToken | None] = {}

    async def put(self, key: str, token: UpstreamToken | None) -> bool:
        self.held[key] = token
        return True
