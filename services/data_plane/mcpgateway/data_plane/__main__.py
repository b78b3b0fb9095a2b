"""`mcpgateway data-plane`: reads the environment, then serves."""

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
from mcpgateway.data_plane import workers
from mcpgateway.data_plane.settings import Settings
from mcpgateway.data_plane.wiring import process


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """The exit status: 0 after an orderly stop, 1 when it can not serve, 2 for a wrong setting."""
    chosen = options(argv)
    folder = Path(environ.get("MCPGATEWAY_DATA_DIR") or "data") / "tls"
    told = tls_options.settings(chosen, folder)

    def work(settings: Settings) -> Coroutine[Any, Any, None]:
        if chosen.tls_self_signed:
            self_signed.ensure(folder, (settings.host, socket.gethostname()), time.time())
        if chosen.workers > 1:
            return workers.run(chosen.workers, {**environ, **told})
        return process.run(settings, chosen.lifeline, chosen.replica)

    def read() -> Settings:
        return read_settings(Settings, "data-plane", {**environ, **told})

    return run_service("data-plane", read, work)


def options(argv: Sequence[str]) -> argparse.Namespace:
    """What the command line says. Exits with 2 when it can not be read."""
    parser = argparse.ArgumentParser(
        prog="mcpgateway data-plane", description="Serves MCP clients from the routing table."
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--replica", type=int, default=0, help="number shown in the process list")
    which.add_argument("--workers", type=int, default=1, help="so many replicas on one address")
    parser.add_argument("--lifeline", type=int, help=argparse.SUPPRESS)
    tls_options.add(parser)
    chosen = parser.parse_args(argv)
    if problem := tls_options.problem(chosen):
        parser.error(problem)
    return chosen


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
