"""`python -m mcpgateway.wrapper`: runs until the client closes standard input."""

import os
import sys
from collections.abc import Mapping, Sequence

from mcpgateway.wrapper.options import parse
from mcpgateway.wrapper.serve import run


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Returns the exit status."""
    return run(parse(argv, environ))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
