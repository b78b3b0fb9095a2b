"""`python -m mcpgateway.admin`: reads the settings, runs until told to stop."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from mcpgateway.admin.settings import Settings
from mcpgateway.admin.wiring import run
from mcpgateway.common.runtime import known_settings, logs
from mcpgateway.common.runtime.settings import SettingsError, load

if sys.platform == "win32":
    import asyncio as loops
else:
    import uvloop as loops

log = logging.getLogger("mcpgateway.admin")


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """The exit status: 0 after an orderly stop, 1 when it can not serve, 2 for a wrong setting."""
    parser = argparse.ArgumentParser(
        prog="mcpgateway admin",
        description="Serves the web pages. Settings come from the environment.",
    )
    parser.parse_args(argv)
    try:
        settings = _settings(environ)
    except SettingsError as error:
        sys.stderr.write("".join(f"admin: {problem}\n" for problem in error.problems))
        return 2
    try:
        with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
            runner.run(_until_told(settings))
    except OSError as error:
        log.error("can not listen on %s:%s: %s", settings.host, settings.port, error.strerror)  # noqa: TRY400 - the message says all
        return 1
    return 0


def _settings(environ: Mapping[str, str]) -> Settings:
    """Raises SettingsError that lists every problem."""
    known = known_settings.entries()
    review = known_settings.review(environ, known)
    if review.refusals:
        raise SettingsError(review.refusals)
    settings = load(Settings, known_settings.apply_aliases(environ, known))
    logs.set_up("admin", settings.log_level, settings.log_format)
    for notice in review.notices:
        log.info("%s", notice)
    return settings


async def _until_told(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for order in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(order, stop.set)
    await run(settings, stop)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
