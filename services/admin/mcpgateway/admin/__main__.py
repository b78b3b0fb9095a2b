"""`python -m mcpgateway.admin`: reads the settings, runs until told to stop."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from mcpgateway.admin.settings import Settings
from mcpgateway.admin.wiring import run
from mcpgateway.common.runtime.service import read_settings, run_service


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """The exit status: 0 after an orderly stop, 1 when it can not serve, 2 for a wrong setting."""
    parser = argparse.ArgumentParser(
        prog="mcpgateway admin",
        description="Serves the web pages. Settings come from the environment.",
    )
    parser.parse_args(argv)
    return run_service("admin", lambda: read_settings(Settings, "admin", environ), run)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
