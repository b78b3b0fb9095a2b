"""`mcpgateway keys`: prints what another service may know of AUTH_ENCRYPTION_SECRET, as lines of
an environment file. `mcpgateway keys rotate STEP` is `mcpgateway rotate-secret STEP`."""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcpgateway.cli import data_dir, derived, dotenv, group, rotate_secret, secrets_file
from mcpgateway.cli.errors import CommandError
from mcpgateway.common.keys import Secrets

_ROLES = {
    "data-plane": derived.data_plane,
    "admin": derived.admin,
    "runner": derived.runner,
}


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Returns the exit status."""
    if argv[:1] == ["rotate"]:
        return rotate_secret.main(argv[1:], environ)
    parser = argparse.ArgumentParser(prog="mcpgateway keys", description=__doc__)
    parser.add_argument("service", choices=sorted(_ROLES))
    parser.add_argument("--data-dir", "-d", metavar="DIR", help="as given to `mcpgateway up`")
    args = parser.parse_args(argv)
    folder = Path(args.data_dir) if args.data_dir else data_dir.default(environ)
    try:
        secrets = _secrets(environ, folder)
        lines = _ROLES[args.service](secrets, group.subjects(environ))
        print(dotenv.dump(lines), end="")
    except (CommandError, OSError) as error:
        print(f"mcpgateway keys: {error}", file=sys.stderr)
        return 1
    return 0


def _secrets(environ: Mapping[str, str], folder: Path) -> Secrets:
    for values in (environ, secrets_file.read(folder)):
        if values.get(secrets_file.ENCRYPTION):
            return secrets_file.in_use(values)
    name, file = secrets_file.ENCRYPTION, secrets_file.path(folder)
    raise CommandError(f"there is no {name} in the environment nor in {file}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
