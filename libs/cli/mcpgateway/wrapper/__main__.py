"""`python -m mcpgateway.wrapper`: runs until the client closes standard input."""

import logging
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.logins.current import token_for
from mcpgateway.wrapper.options import parse
from mcpgateway.wrapper.serve import run

log = logging.getLogger("mcpgateway.wrapper")


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Returns the exit status."""
    options = parse(argv, environ)
    return run(replace(options, login=partial(_token, options.url, environ)))


def _token(url: str, environ: Mapping[str, str]) -> str:
    """Of `mcpgateway login`. Where it can not be had, the gateway's refusal says the rest."""
    try:
        return token_for(url, environ)
    except CommandError as error:
        log.warning("%s", error)
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
