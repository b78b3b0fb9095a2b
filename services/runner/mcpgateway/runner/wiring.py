"""Builds the service from its settings and runs it. The only module that constructs."""

import logging

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.http.server import Listener
from mcpgateway.common.runtime.service import stop_event
from mcpgateway.runner.app import App
from mcpgateway.runner.settings import Settings

log = logging.getLogger(__name__)

_GRACE = 5.0  # seconds for answers under way when told to stop


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT. Raises Unavailable when the address can not be listened on."""
    stop = stop_event()
    app = App({})
    try:
        listener = await Listener.open(app, settings.host, settings.port)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise Unavailable(f"can not listen on {where}: {error.strerror}") from error
    log.info("runner listens on %s:%s", settings.host, listener.port)
    await stop.wait()
    await listener.drain(_GRACE)
