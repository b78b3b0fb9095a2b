"""`mcpgateway rotate-secret`: one step of changing the AUTH_ENCRYPTION_SECRET of a data folder of
`up`. `switch` puts a new secret in use and goes on accepting the former one; `end` forgets that.
`begin` makes the new one known before: services that are restarted one by one need it first.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcpgateway.cli import data_dir, secrets_file
from mcpgateway.cli.errors import CommandError


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="mcpgateway rotate-secret", description=__doc__)
    parser.add_argument("step", choices=secrets_file.STEPS)
    parser.add_argument("--data-dir", "-d", metavar="DIR", help="as given to `mcpgateway up`")
    args = parser.parse_args(argv)
    folder = Path(args.data_dir) if args.data_dir else data_dir.default(environ)
    try:
        print(secrets_file.rotate(folder, args.step))
    except (CommandError, OSError) as error:
        print(f"mcpgateway rotate-secret: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
