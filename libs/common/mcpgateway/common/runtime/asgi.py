"""Serving an ASGI application with Hypercorn: for the services off the hot path."""

import asyncio
import logging
from typing import cast

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import ASGIFramework
from starlette.types import ASGIApp

from mcpgateway.common.errors import Unavailable

KEEP_ALIVE = 60.0  # seconds that a connection may idle


async def serve_asgi(
    app: ASGIApp, host: str, port: int, stop: asyncio.Event, *, grace: float
) -> None:
    """Until `stop` is set; then requests under way have `grace` seconds. Raises Unavailable when
    the address can not be listened on."""
    config = Config()
    config.bind = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.graceful_timeout = grace
    config.keep_alive_timeout = KEEP_ALIVE
    try:
        await serve(cast(ASGIFramework, app), config, shutdown_trigger=stop.wait)
    except OSError as error:
        why = error.strerror or str(error)
        raise Unavailable(f"can not listen on {host}:{port}: {why}") from error
