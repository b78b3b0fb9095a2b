"""`mcpgateway control-plane`: reads the environment, then serves."""

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence

from mcpgateway.common.runtime.http.tls import UNVERIFIED
from mcpgateway.common.runtime.service import read_settings, run_service
from mcpgateway.common.runtime.settings import SettingsError
from mcpgateway.control_plane.identity.accounts.smtp import mail_problems
from mcpgateway.control_plane.identity.weak import weaknesses
from mcpgateway.control_plane.settings.process import Settings
from mcpgateway.control_plane.wiring import process

log = logging.getLogger("mcpgateway.control_plane")


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """The exit status: 0 after an orderly stop, 1 when it can not serve, 2 for a wrong setting."""
    parser = argparse.ArgumentParser(
        prog="mcpgateway control-plane",
        description="Serves the registry's REST API and publishes routing.",
    )
    parser.parse_args(argv)
    return run_service("control-plane", lambda: _settings(environ), process.run)


def _settings(environ: Mapping[str, str]) -> Settings:
    """Raises SettingsError that lists every problem."""
    settings = read_settings(Settings, "control-plane", environ)
    missing = mail_problems(settings, settings.public_url)
    if missing:
        raise SettingsError(missing)
    weak = weaknesses(settings)
    if weak and not settings.local and not settings.insecure_dev:
        raise SettingsError([f"{each.name} {each.problem}. Run: {each.remedy}" for each in weak])
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
    if settings.skip_tls_verify:
        log.warning(UNVERIFIED)
    return settings


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
