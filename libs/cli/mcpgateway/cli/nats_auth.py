"""`mcpgateway nats-auth`: writes the configuration of a NATS server that knows the gateway's two
logins, and a `.creds` file for each."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcpgateway.cli import group, nats_accounts
from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.files import write_private

DEFAULT_STORE = "/data"


def server_config(auth: str, store: str) -> str:
    """A whole configuration file: any address, port 4222, JetStream under `store`."""
    return f'listen: 0.0.0.0:4222\njetstream {{ store_dir: "{store}" }}\n{auth}'


def write(folder: Path, environ: Mapping[str, str], store: str) -> nats_accounts.Accounts:
    """Writes `nats.conf`, `control-plane.creds`, `data-plane.creds` and the seed they come from."""
    accounts = nats_accounts.kept(folder, group.subjects(environ))
    write_private(folder / "nats.conf", server_config(accounts.config, store))
    return accounts


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Returns the exit status. Running it again gives the same logins."""
    parser = argparse.ArgumentParser(prog="mcpgateway nats-auth", description=__doc__)
    add = parser.add_argument
    add(
        "--out", "-o", required=True, metavar="DIR", help="folder for the files (made when missing)"
    )
    add("--store", default=DEFAULT_STORE, metavar="DIR", help="JetStream's folder on the server")
    args = parser.parse_args(argv)
    try:
        write(Path(args.out), environ, args.store)
    except (CommandError, OSError) as error:
        print(f"mcpgateway nats-auth: {error}", file=sys.stderr)
        return 1
    print(f"wrote nats.conf, control-plane.creds and data-plane.creds to {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
