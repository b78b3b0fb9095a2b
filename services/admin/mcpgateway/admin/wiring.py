"""Builds the service from its settings and runs it. The only module that constructs."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
from starlette.types import ASGIApp

from mcpgateway.admin.app import make_app
from mcpgateway.admin.assets import Assets
from mcpgateway.admin.client import ControlPlane
from mcpgateway.admin.settings import Settings
from mcpgateway.admin.view import Site, make_templates
from mcpgateway.common.metrics.instruments import Registry
from mcpgateway.common.runtime.asgi import serve_asgi
from mcpgateway.common.runtime.asgi_metrics import Measured
from mcpgateway.common.runtime.process_metrics import watching
from mcpgateway.common.runtime.service import stop_event

log = logging.getLogger(__name__)

_HERE = Path(__file__).parent
_GRACE = 3.0  # seconds for answers under way when told to stop


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[ASGIApp]:
    """The application, with its connections to the control plane open."""
    assets = Assets.load(_HERE / "static")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        site = Site(
            api=ControlPlane(
                settings.control_plane, session, next(iter(settings.edge_secrets), "")
            ),
            assets=assets,
            templates=make_templates(_HERE / "templates", assets),
            public_url=settings.public_url,
            secure=settings.secure_cookies,
            samesite="strict" if settings.samesite == "strict" else "lax",
        )
        app = make_app(
            site, settings.edge_secrets, settings.security_headers, enabled=settings.enabled
        )
        with watching(Registry()) as registry:
            on = settings.metrics_enabled
            yield Measured(app, registry, settings.scraping) if on else app


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises Unavailable when the address can not be listened on."""
    stop = stop_event()
    async with build(settings) as app:
        log.info("admin listens on %s:%s", settings.host, settings.port)
        await serve_asgi(app, settings.host, settings.port, stop, grace=_GRACE)
