"""`python -m mcpgateway.translate.grpc`: wires the parts and serves until the input ends."""

import os
import sys
from collections.abc import Sequence

from mcpgateway.common.runtime.grpc.loading import load
from mcpgateway.common.runtime.http.client import HttpClient
from mcpgateway.translate.grpc.options import parse
from mcpgateway.wrapper.options import Options
from mcpgateway.wrapper.remote import Emit, Remote
from mcpgateway.wrapper.serve import run


def main(argv: Sequence[str]) -> int:
    """Returns the exit status."""
    options = parse(argv, os.environ)
    module = load("mcpgateway.translate.grpc.remote")

    def remote(_http: HttpClient, _options: Options, emit: Emit) -> Remote:
        made: Remote = module.make(options, emit)
        return made

    return run(Options(options.url, concurrency=100), remote)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
