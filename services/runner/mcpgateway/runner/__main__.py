"""`python -m mcpgateway.runner`: reads the settings, runs until told to stop."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from mcpgateway.common.runtime.service import read_settings, run_service
from mcpgateway.runner.settings import Settings
from mcpgateway.runner.wiring import run


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """The exit status: 0 after an orderly stop, 1 when it can not serve, 2 for a wrong setting."""
    parser = argparse.ArgumentParser(
        prog="mcpgateway runner",
        description="Runs stdio MCP servers. Settings come from the environment.",
    )
    parser.parse_args(argv)
    return run_service("runner", lambda: read_settings(Settings, "runner", environ), run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
