"""`mcpgateway control-plane`: reads the environment, then serves."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Mapping, Sequence

from mcpgateway.common.errors import GatewayError
from mcpgateway.common.runtime import known_settings, logs
from mcpgateway.common.runtime.settings import SettingsError, load
from mcpgateway.control_plane import wiring
from mcpgateway.control_plane.identity.weak import weaknesses
from mcpgateway.control_plane.publish.leader import Pooled
from mcpgateway.control_plane.settings import Settings

if sys.platform == "win32":
    import asyncio as loops
else:
    import uvloop as loops

log = logging.getLogger("mcpgateway.control_plane")


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """The exit status: 0 after an orderly stop, 1 when it can not serve, 2 for a wrong setting."""
    parser = argparse.ArgumentParser(
        prog="mcpgateway control-plane",
        description="Serves the registry's REST API and publishes routing.",
    )
    parser.parse_args(argv)
    try:
        settings = _settings(environ)
    except SettingsError as error:
        sys.stderr.write("".join(f"control-plane: {problem}\n" for problem in error.problems))
        return 2
    try:
        with asyncio.Runner(loop_factory=loops.new_event_loop) as runner:
            runner.run(wiring.run(settings))
    except (GatewayError, Pooled, OSError, ValueError) as error:
        log.error("%s", error)  # noqa: TRY400 - the message says all
        return 1
    except ExceptionGroup:
        log.exception("the routing table can not be published")
        return 1
    return 0


def _settings(environ: Mapping[str, str]) -> Settings:
    """Raises SettingsError that lists every problem."""
    known = known_settings.entries()
    review = known_settings.review(environ, known)
    if review.refusals:
        raise SettingsError(review.refusals)
    settings = load(Settings, known_settings.apply_aliases(environ, known))
    weak = weaknesses(settings)
    if weak and not settings.local and not settings.insecure_dev:
        raise SettingsError([f"{each.name} {each.problem}. Run: {each.remedy}" for each in weak])
    logs.set_up("control-plane", settings.log_level, settings.log_format)
    for notice in review.notices:
        log.info("%s", notice)
    for each in weak:
        log.warning(
            "INSECURE: %s %s. Accepted for development only. Run: %s",
            each.name,
            each.problem,
            each.remedy,
        )
    if not settings.auth_required and not settings.local:
        log.warning(
            "INSECURE: AUTH_REQUIRED=false: whoever reaches this address is the administrator"
        )
    return settings


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
