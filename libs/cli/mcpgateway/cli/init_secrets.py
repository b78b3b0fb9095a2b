"""`mcpgateway init-secrets`: writes the secrets of all services to a folder, one environment file
each, with the logins of NATS. Secrets in the environment are used, missing ones are made, and
running it again keeps them: for Compose and for Kubernetes' `secretGenerator`."""

import argparse
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

from mcpgateway.cli import derived, dotenv, group, nats_auth, secrets_file
from mcpgateway.cli.errors import CommandError, UsageError
from mcpgateway.cli.files import private_folder, write_private

_POSTGRES = "postgres.env"
_PG_VARIABLE = "POSTGRES_PASSWORD"
_GIVEN = ("PLATFORM_ADMIN_EMAIL", "MCPGATEWAY_CLUSTER", "MCPGATEWAY_GROUP")


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Returns the exit status."""
    args = _parser().parse_args(argv)
    folder = Path(args.out)
    try:
        for name, values in _files(folder, args, environ).items():
            write_private(folder / name, _plain(values))
        if args.readable:
            _open_up(folder)
    except (CommandError, OSError) as error:
        print(f"mcpgateway init-secrets: {error}", file=sys.stderr)
        return 1
    print(f"wrote the secrets of all services to {folder}")
    return 0


def _files(
    folder: Path, args: argparse.Namespace, environ: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    private_folder(folder)
    subjects = group.subjects(environ)
    accounts = nats_auth.write(folder, environ, args.nats_store)
    own = dict(secrets_file.ensure(folder, environ).values)
    secret = own["AUTH_ENCRYPTION_SECRET"]
    given = {name: environ[name] for name in _GIVEN if environ.get(name)}
    nats = {"NATS_URL": args.nats_url}
    password = _database_password(folder, environ)
    database = {"DATABASE_URL": _with_password(args.database_url, password)}
    return {
        "control-plane.env": {
            **given,
            **own,
            **nats,
            **(database if args.database_url else {}),
            "MCPGATEWAY_NATS_CREDS": str(accounts.control_plane.resolve()),
        },
        "data-plane.env": {
            **given,
            **derived.data_plane(secret, subjects),
            **nats,
            "MCPGATEWAY_NATS_CREDS": str(accounts.data_plane.resolve()),
        },
        "admin.env": derived.admin(secret, subjects),
        _POSTGRES: {_PG_VARIABLE: password},
    }


def _database_password(folder: Path, environ: Mapping[str, str]) -> str:
    file = folder / _POSTGRES
    kept = dotenv.parse(file.read_text("utf-8"), str(file)) if file.exists() else {}
    return environ.get(_PG_VARIABLE) or kept.get(_PG_VARIABLE) or secrets.token_urlsafe(24)


def _with_password(url: str, password: str) -> str:
    """Fills in an empty password: `postgresql://user:@host/db`."""
    parts = urlsplit(url)
    if parts.username is None or parts.password:
        return url
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username}:{quote(password, safe='')}@{place}").geturl()


def _plain(values: Mapping[str, str]) -> str:
    for name, value in values.items():
        if not dotenv.is_plain(value):
            raise UsageError(f"{name} may hold letters, digits and _.,:/@%+=- only in these files")
    return dotenv.dump(values)


def _open_up(folder: Path) -> None:
    """The containers that read the files run as other users; only they see the volume."""
    folder.chmod(0o755)
    for file in folder.iterdir():
        if file.is_file():
            file.chmod(0o644)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mcpgateway init-secrets", description=__doc__)
    add = parser.add_argument
    add(
        "--out", "-o", required=True, metavar="DIR", help="folder for the files (made when missing)"
    )
    add("--nats-url", default="nats://nats:4222", metavar="URL", help="where services find NATS")
    add("--nats-store", default=nats_auth.DEFAULT_STORE, metavar="DIR", help="JetStream's folder")
    add("--database-url", default="", metavar="URL", help="an empty password in it is filled in")
    add("--readable", action="store_true", help="files that any user can read (a private volume)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
