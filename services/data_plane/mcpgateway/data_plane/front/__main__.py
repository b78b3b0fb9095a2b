"""`mcpgateway front`: reads the environment, then serves."""

import argparse
import os
import socket
import sys
import time
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from mcpgateway.common.runtime import self_signed, tls_options
from mcpgateway.common.runtime.service import read_settings, run_service
from mcpgateway.data_plane.front import wiring
from mcpgateway.data_plane.front.settings import Settings


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """The exit status: 0 after an orderly stop, 1 when it can not serve, 2 for a wrong setting."""
    chosen = options(argv)
    folder = Path(environ.get("MCPGATEWAY_DATA_DIR") or "data") / "tls"
    told = tls_options.settings(chosen, folder)

    def work(settings: Settings) -> Coroutine[Any, Any, None]:
        if chosen.tls_self_signed:
            self_signed.ensure(folder, (settings.host, socket.gethostname()), time.time())
        return wiring.run(settings)

    def read() -> Settings:
        return read_settings(Settings, "front", {**environ, **told})

    return run_service("front", read, work)


def options(argv: Sequence[str]) -> argparse.Namespace:
    """What the command line says. Exits with 2 when it can not be read."""
    parser = argparse.ArgumentParser(
        prog="mcpgateway front",
        description="Keeps clients' connections before several data planes and spreads their "
        "requests, so that a data plane that dies takes no call with it.",
    )
    tls_options.add(parser)
    chosen = parser.parse_args(argv)
    if problem := tls_options.problem(chosen):
        parser.error(problem)
    return chosen


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
