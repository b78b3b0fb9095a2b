"""`mcpgateway down`: stops the `up` of a data folder and waits until it has ended."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcpgateway.cli import data_dir
from mcpgateway.cli.errors import CommandError

TIMEOUT = 60.0  # seconds


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit status 0 also when nothing runs."""
    parser = argparse.ArgumentParser(prog="mcpgateway down", description=__doc__)
    parser.add_argument("--data-dir", "-d", metavar="DIR", help="as given to `mcpgateway up`")
    args = parser.parse_args(argv)
    folder = Path(args.data_dir) if args.data_dir else data_dir.default(environ)
    try:
        stopped = data_dir.stop_holder(folder, TIMEOUT)
    except (CommandError, OSError) as error:
        print(f"mcpgateway down: {error}", file=sys.stderr)
        return 1
    print("stopped" if stopped else f"nothing runs in {folder}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
