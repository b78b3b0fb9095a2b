"""Builds the service from its settings and runs it. The only module that constructs."""

import asyncio
import logging
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.http.exchange import Application, ServerLimits
from mcpgateway.common.runtime.http.server import Listener
from mcpgateway.common.runtime.service import stop_event
from mcpgateway.common.runtime.tasks import end
from mcpgateway.runner.app import App
from mcpgateway.runner.guarded import guard
from mcpgateway.runner.settings import Settings
from mcpgateway.runner.stdio.launching import House
from mcpgateway.runner.stdio.room import Closed, StdioRoom

log = logging.getLogger(__name__)

_GRACE = 5.0  # seconds for answers under way when told to stop
_LIMITS = ServerLimits(header_bytes=96 * 1024)  # tickets are headers


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises Unavailable when the address can not be listened on."""
    stop = stop_event()
    guard()
    async with _rooms(settings) as rooms:
        listener = await _listen(settings, App(rooms))
        log.info("runner listens on %s:%s", settings.host, listener.port)
        await stop.wait()
        await listener.drain(_GRACE)


async def _listen(settings: Settings, app: App) -> Listener:
    try:
        return await Listener.open(app, settings.host, settings.port, _LIMITS)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise Unavailable(f"can not listen on {where}: {error.strerror}") from error


@asynccontextmanager
async def _rooms(settings: Settings) -> AsyncIterator[Mapping[str, Application]]:
    async with _stdio(settings) as stdio:
        yield {"stdio": stdio}


@asynccontextmanager
async def _stdio(settings: Settings) -> AsyncIterator[Application]:
    """With a folder of its own, unless there is one that stays; no process outlives it."""
    if not settings.stdio_enabled:
        yield Closed()
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
