"""Logins by identity providers, as a browser makes them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from support.control_plane import Plane, client, open_plane
from support.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider

ISSUER = "https://login.example.com"


class Browser:
    """With cookies of its own, and nobody's token."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def begin(self, provider: str = "corp", after: str = "") -> str:
        """Where the provider wants it."""
        answer = await self.http.get(f"/auth/sso/login/{provider}", params={"next": after})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["authorization_url"])

    async def finish(
        self, query: dict[str, str], provider: str = "corp", *, page: bool = False
    ) -> httpx2.Response:
        """Comes back from the provider."""
        headers = {"accept": "text/html" if page else "application/json"}
        return await self.http.get(f"/auth/sso/callback/{provider}", params=query, headers=headers)

    async def login(self, idp: IdentityProvider, provider: str = "corp") -> httpx2.Response:
        return await self.finish(idp.authorize(await self.begin(provider)), provider)


@asynccontextmanager
async def browser(plane: Plane) -> AsyncIterator[Browser]:
    async with client(plane.app, {"accept": "application/json"}) as http:
        yield Browser(http)


@asynccontextmanager
async def sso_plane(registry: str, **changes: Any) -> AsyncIterator[tuple[Plane, IdentityProvider]]:
    """A control plane that has the provider `corp` in its settings."""
    idp = IdentityProvider(ISSUER, lambda: 0.0)
    values: dict[str, Any] = {
        "sso_enabled": True,
        "generic_enabled": True,
        "generic_provider": "corp",
        "generic_name": "Corporate login",
        "generic_id": CLIENT_ID,
        "generic_secret": CLIENT_SECRET,
        "generic_issuer": ISSUER,
    }
    async with open_plane(registry, idp, **(values | changes)) as plane:
        idp.now = lambda: plane.clock.now.timestamp()
        yield plane, idp
