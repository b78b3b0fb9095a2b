"""`mcpgateway data-plane`: reads the environment, then serves."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from mcpgateway.common.runtime import known_settings, logs
from mcpgateway.common.runtime.settings import SettingsError, load
from mcpgateway.data_plane import wiring, workers
from mcpgateway.data_plane.settings import Settings

if sys.platform == "win32":
    import asyncio as loops
else:
    import uvloop as loops

log = logging.getLogger("mcpgateway.data_plane")


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """The exit status: 0 after an orderly stop, 1 when it can not serve, 2 for a wrong setting."""
    chosen = options(argv)
    try:
        settings = _settings(environ)
    except SettingsError as error:
        sys.stderr.write("".join(f"data-plane: {problem}\n" for problem in error.problems))
        return 2
    try:
        _run(_work(chosen, settings))
    except (OSError, ValueError) as error:
        log.error("%s", error)  # noqa: TRY400 - the message says all
        return 1
    except ExceptionGroup:
        log.exception("the routing table can not be followed")
        return 1
    return 0


def _work(chosen: argparse.Namespace, settings: Settings) -> Coroutine[Any, Any, None]:
    if chosen.workers > 1:
        return workers.run(chosen.workers)
    return wiring.run(settings, chosen.lifeline)


def _run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
        runner.run(work)


def options(argv: Sequence[str]) -> argparse.Namespace:
    """What the command line says. Exits with 2 when it can not be read."""
    parser = argparse.ArgumentParser(
        prog="mcpgateway data-plane", description="Serves MCP clients from the routing table."
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--replica", type=int, default=0, help="number shown in the process list")
    which.add_argument("--workers", type=int, default=1, help="so many replicas on one address")
    parser.add_argument("--lifeline", type=int, help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def _settings(environ: Mapping[str, str]) -> Settings:
    """Raises SettingsError that lists every problem."""
    known = known_settings.entries()
    review = known_settings.review(environ, known)
    if review.refusals:
        raise SettingsError(review.refusals)
    settings = load(Settings, known_settings.apply_aliases(environ, known))
    logs.set_up("data-plane", settings.log_level, settings.log_format)
    for notice in review.notices:
        log.info("%s", notice)
    return settings


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
