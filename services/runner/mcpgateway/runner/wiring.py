"""Builds the service from its settings and runs it. The only module that constructs."""

import asyncio
import logging
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.http.exchange import Application, ServerLimits
from mcpgateway.common.runtime.http.server import Beside, Listener
from mcpgateway.common.runtime.http.websocket_connection import WebSocketConnection
from mcpgateway.common.runtime.service import stop_event
from mcpgateway.common.runtime.tasks import end
from mcpgateway.common.runtime.tunnel.end import SOCKET
from mcpgateway.runner.app import App
from mcpgateway.runner.guarded import guard
from mcpgateway.runner.settings import Settings
from mcpgateway.runner.stdio.launching import House
from mcpgateway.runner.stdio.room import Closed, StdioRoom
from mcpgateway.runner.tunnels.hub import Hub
from mcpgateway.runner.tunnels.room import TunnelRoom

log = logging.getLogger(__name__)

_GRACE = 5.0  # seconds for answers under way when told to stop
_LIMITS = ServerLimits(header_bytes=96 * 1024)  # tickets are headers


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises Unavailable when the address can not be listened on."""
    stop = stop_event()
    guard()
    hub = Hub(os.urandom)
    async with _stdio(settings) as stdio:
        listener = await _listen(
            settings, App({"stdio": stdio, "tunnels": _tunnels(settings, hub)})
        )
        log.info("runner listens on %s:%s", settings.host, listener.port)
        await stop.wait()
        hub.close()  # what waits for a tunnel would not end before the grace does
        await listener.drain(_GRACE)


async def _listen(settings: Settings, app: App) -> Listener:
    try:
        beside = Beside(sockets=partial(WebSocketConnection, limits=SOCKET))
        return await Listener.open(app, settings.host, settings.port, _LIMITS, beside=beside)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise Unavailable(f"can not listen on {where}: {error.strerror}") from error


def _tunnels(settings: Settings, hub: Hub) -> Application:
    if not settings.tunnels_enabled:
        return Closed("this runner ends no tunnels: see MCPGATEWAY_TUNNELS_ENABLED")
    return TunnelRoom(hub, settings.key, settings.tunnel_secrets, time.time)


@asynccontextmanager
async def _stdio(settings: Settings) -> AsyncIterator[Application]:
    """With a folder of its own, unless there is one that stays; no process outlives it."""
    if not settings.stdio_enabled:
        yield Closed("this runner runs no commands: see MCPGATEWAY_STDIO_ENABLED")
        return
    with tempfile.TemporaryDirectory(prefix="mcpgateway-stdio-") as temporary:
        house = House(
            settings.stdio_commands,
            settings.stdio_path,
            settings.stdio_folder or Path(temporary),
            settings.stdio_folders,
            settings.stdio_environment,
        )
        room = StdioRoom(settings.key, house, time.time, settings.stdio_processes)
        upkeep = asyncio.create_task(room.upkeep(), name="upkeep of stdio servers")
        try:
            yield room
        finally:
            await end(upkeep)
            await room.aclose()
