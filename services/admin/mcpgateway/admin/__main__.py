"""`python -m mcpgateway.admin`: reads the settings, runs until told to stop."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping

from mcpgateway.admin.settings import Settings
from mcpgateway.admin.wiring import run
from mcpgateway.common.runtime import logs
from mcpgateway.common.runtime.settings import SettingsError, load


async def _until_told(settings: Settings) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for order in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(order, stop.set)
    try:
        await run(settings, stop)
    except OSError as error:
        sys.stderr.write(f"admin: can not listen on {settings.host}:{settings.port}: {error}\n")
        return 1
    return 0


def main(environ: Mapping[str, str]) -> int:
    """Returns the exit status."""
    try:
        settings = load(Settings, environ)
    except SettingsError as error:
        sys.stderr.write(f"admin: these settings can not be used:\n{error}\n")
        return 2
    logs.set_up("admin", settings.log_level, settings.log_format)
    return asyncio.run(_until_told(settings))


if __name__ == "__main__":
    sys.exit(main(os.environ))
