"""`mcpgateway token`: prints an admin token of the gateway whose data folder this is, or that of a
login."""

import argparse
import os
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcpgateway.cli import data_dir, secrets_file
from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.logins.current import token_for
from mcpgateway.common.jws import ALGORITHMS
from mcpgateway.utils.create_jwt_token import (
    Issue,
    UsageError,
    claims,
    is_shared,
    private_key,
    sign,
)

DEFAULT_MINUTES = 7 * 24 * 60
DEFAULT_EMAIL = "admin@example.com"


def mint(settings: Mapping[str, str], email: str, minutes: int, folder: Path | None = None) -> str:
    """A token that names `email`, signed now. `folder` is named where a secret is missing. Raises
    CommandError."""
    algorithm = settings.get("JWT_ALGORITHM") or "HS256"
    if algorithm not in ALGORITHMS:
        raise CommandError(f"JWT_ALGORITHM must be one of {', '.join(ALGORITHMS)}, got {algorithm}")
    shared = is_shared(algorithm)
    material = _secret(settings, folder) if shared else _private(settings, algorithm)
    issue = Issue(
        issuer=settings.get("JWT_ISSUER") or "mcpgateway",
        audience=settings.get("JWT_AUDIENCE") or "mcpgateway-api",
        environment=settings.get("ENVIRONMENT") or "development",
        now=int(time.time()),
        jti=str(uuid.uuid4()),
    )
    return sign(claims({"username": email}, issue, minutes), material, algorithm)


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Prints only the token, so that `$(...)` takes it."""
    args = _parser().parse_args(argv)
    folder = Path(args.data_dir) if args.data_dir else data_dir.default(environ)
    try:
        if args.url:
            print(_of_login(args.url, environ))
            return 0
        settings = {**environ, **secrets_file.read(folder), **secrets_file.remembered(folder)}
        email = args.username or settings.get("PLATFORM_ADMIN_EMAIL") or DEFAULT_EMAIL
        print(mint(settings, email, args.exp, folder))
    except (CommandError, OSError) as error:
        print(f"mcpgateway token: {error}", file=sys.stderr)
        return 1
    return 0


def _of_login(url: str, environ: Mapping[str, str]) -> str:
    """Raises CommandError."""
    token = token_for(url.rstrip("/"), environ)
    if not token:
        raise CommandError(f"you are not logged in: `mcpgateway login {url}`")
    return token


def _private(settings: Mapping[str, str], algorithm: str) -> bytes:
    try:
        return private_key(settings, algorithm)
    except UsageError as error:
        raise CommandError(str(error)) from error


def _secret(settings: Mapping[str, str], folder: Path | None) -> str:
    secret = settings.get("JWT_SECRET_KEY", "")
    if not secret:
        place = "the data folder" if folder is None else secrets_file.path(folder)
        raise CommandError(
            f"there is no JWT_SECRET_KEY in the environment nor in {place}. "
            "Has `mcpgateway up` run with this --data-dir?"
        )
    return secret


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mcpgateway token", description=__doc__)
    add = parser.add_argument
    add("--data-dir", "-d", metavar="DIR", help="as given to `mcpgateway up`")
    add("--url", help="the token of `mcpgateway login URL` instead, refreshed when it has to be")
    add("--username", "-u", metavar="EMAIL", help="who the token names (default: the admin)")
    add(
        "--exp", "-e", type=int, metavar="MIN", default=DEFAULT_MINUTES, help="minutes; 0: for ever"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
