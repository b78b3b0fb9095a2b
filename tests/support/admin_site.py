"""The admin service in front of the in-memory API, and a browser-like client for its pages."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from mcpgateway.admin.settings import Settings
from mcpgateway.admin.wiring import build
from support.control_plane_api import EMAIL, PASSWORD, ControlPlaneApi
from support.mcp_servers import serve

_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]+)"')


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    text: str
    headers: Mapping[str, str]
    path: str


class Browser:
    """Follows redirects, keeps cookies, sends forms with the token of the page before."""

    def __init__(self, base: str, session: aiohttp.ClientSession) -> None:
        self.base = base
        self.session = session
        self._form_token = ""

    async def get(self, path: str, **options: Any) -> Answer:
        return await self._ask("GET", path, **options)

    async def send(self, path: str, form: Any = None, **options: Any) -> Answer:
        """Posts a form; a list of pairs may name a field twice."""
        pairs = list((form or {}).items()) if isinstance(form, dict | None) else list(form)
        pairs.append(("form_token", self._form_token))
        return await self._ask("POST", path, data=pairs, **options)

    async def log_in(self) -> Answer:
        return await self.send("/admin/login", {"email": EMAIL, "password": PASSWORD})

    async def _ask(self, method: str, path: str, **options: Any) -> Answer:
        async with self.session.request(method, self.base + path, **options) as response:
            text = await response.text()
            found = _TOKEN.search(text)
            self._form_token = found[1] if found else self._form_token
            return Answer(response.status, text, response.headers, response.url.path)


@asynccontextmanager
async def admin_site(
    api: ControlPlaneApi, control_plane: str = "", **settings: Any
) -> AsyncIterator[Browser]:
    """A running site and a browser that is not logged in. `control_plane`: another API."""
    async with serve(api.app) as base:
        given = Settings(control_plane=control_plane or base, **settings)
        async with build(given) as app, serve(app) as site:
            jar = aiohttp.CookieJar(unsafe=True)  # an IP address is the host
            async with aiohttp.ClientSession(cookie_jar=jar) as session:
                yield Browser(site, session)
