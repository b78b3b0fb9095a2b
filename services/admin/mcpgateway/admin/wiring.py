"""Builds the service from its settings and runs it. The only module that constructs."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from hypercorn.asyncio import serve
from hypercorn.config import Config
from starlette.types import ASGIApp

from mcpgateway.admin.app import make_app
from mcpgateway.admin.assets import Assets
from mcpgateway.admin.client import ControlPlane
from mcpgateway.admin.settings import Settings
from mcpgateway.admin.view import Site, make_templates

log = logging.getLogger(__name__)

_HERE = Path(__file__).parent
_GRACE = 3.0  # seconds for answers under way when told to stop


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[ASGIApp]:
    """The application, with its connections to the control plane open."""
    assets = Assets.load(_HERE / "static")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        site = Site(
            api=ControlPlane(settings.control_plane, session),
            assets=assets,
            templates=make_templates(_HERE / "templates", assets),
            public_url=settings.public_url,
            secure=settings.secure_cookies,
        )
        yield make_app(site, settings.edge_secret, enabled=settings.enabled)


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Until `stop` is set. Raises OSError when the address is taken."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    config = Config()
    config.bind = [f"{host}:{settings.port}"]
    config.graceful_timeout = _GRACE
    config.include_server_header = False
    config.errorlog = logging.getLogger("hypercorn.error")
    config.accesslog = None
    async with build(settings) as app:
        log.info("admin listens on %s:%s", settings.host, settings.port)
        await serve(app, config, shutdown_trigger=stop.wait)  # type: ignore[arg-type]  # it may return
