"""`mcpgateway init-secrets`: writes the secrets of a deployment, a folder for each role, so that
each can be given its own and nothing else: `control-plane/`, `data-plane/`, `admin/` and `runner/`
with an environment file `env` (and `nats.creds`), `nats/nats.conf`, `postgres/password`, and
`init/`, from which running it again gives the same. Secrets in the environment are used, missing
ones are made. For Compose and for Kubernetes' `secretGenerator`."""

import argparse
import os
import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

from mcpgateway.cli import derived, dotenv, group, nats_accounts, nats_auth, secrets_file
from mcpgateway.cli.errors import CommandError, UsageError
from mcpgateway.cli.files import private_folder, write_private

ROLES = ("control-plane", "data-plane", "admin", "runner", "nats", "postgres")
_KEPT = "init"
_PG_PASSWORD = Path("postgres/password")  # without a line end: Kubernetes takes a file as it is
_PG_VARIABLE = "POSTGRES_PASSWORD"
_GIVEN = ("PLATFORM_ADMIN_EMAIL", "MCPGATEWAY_CLUSTER", "MCPGATEWAY_GROUP")


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Returns the exit status."""
    args = _parser().parse_args(argv)
    folder = Path(args.out)
    said = ""
    try:
        if args.rotate:
            said = _rotate(folder, args.rotate, environ)
        for path, text in _files(folder, args, environ).items():
            private_folder((folder / path).parent)
            write_private(folder / path, text)
        if args.readable:
            _open_up(folder)
    except (CommandError, OSError) as error:
        print(f"mcpgateway init-secrets: {error}", file=sys.stderr)
        return 1
    print(f"wrote the secrets of {', '.join(ROLES)} to {folder}, a folder each")
    if said:
        print(said)
    return 0


def _rotate(folder: Path, step: secrets_file.Step, environ: Mapping[str, str]) -> str:
    if environ.get(secrets_file.ENCRYPTION):
        raise CommandError(f"{secrets_file.ENCRYPTION} is in the environment: change it there")
    return secrets_file.rotate(folder / _KEPT, step)


def _files(
    folder: Path, args: argparse.Namespace, environ: Mapping[str, str]
) -> dict[str | Path, str]:
    kept = private_folder(folder) / _KEPT
    accounts = nats_accounts.from_seed(kept, group.subjects(environ))
    password = _database_password(folder, environ)
    database = _with_password(args.database_url, password)
    return {
        "control-plane/nats.creds": accounts.control_plane,
        "data-plane/nats.creds": accounts.data_plane,
        "nats/nats.conf": nats_auth.server_config(accounts.config, args.nats_store),
        _PG_PASSWORD: password,
        **dict(_environments(folder, args.nats_url, database, environ)),
    }


def _environments(
    folder: Path, nats_url: str, database: str, environ: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """The services' environment files."""
    own = dict(secrets_file.ensure(folder / _KEPT, environ).values)
    secret, subjects = secrets_file.in_use(own), group.subjects(environ)
    given = {name: environ[name] for name in _GIVEN if environ.get(name)}
    for role, values in {
        "control-plane": own | ({"DATABASE_URL": database} if database else {}),
        "data-plane": derived.data_plane(secret, subjects),
    }.items():
        creds = str((folder / role / "nats.creds").resolve())
        nats = {"NATS_URL": nats_url, "MCPGATEWAY_NATS_CREDS": creds}
        yield f"{role}/env", _plain(given | values | nats)
    yield "admin/env", _plain(derived.admin(secret, subjects))
    yield "runner/env", _plain(derived.runner(secret, subjects))


def _database_password(folder: Path, environ: Mapping[str, str]) -> str:
    file = folder / _PG_PASSWORD
    kept = file.read_text("utf-8").strip() if file.exists() else ""
    return environ.get(_PG_VARIABLE) or kept or secrets.token_hex(24)


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
            raise UsageError(f"{name} may hold letters, digits and _.,:/@%?+=- only in these files")
    return dotenv.dump(values)


def _open_up(folder: Path) -> None:
    """The containers that read the files run as other users; each sees its own folder only."""
    folder.chmod(0o755)
    for role in ROLES:
        (folder / role).chmod(0o755)
        for file in (folder / role).iterdir():
            file.chmod(0o644)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mcpgateway init-secrets", description=__doc__)
    add = parser.add_argument
    add("--out", "-o", required=True, metavar="DIR", help="where the folders go (made if missing)")
    add("--nats-url", default="nats://nats:4222", metavar="URL", help="where services find NATS")
    add("--nats-store", default=nats_auth.DEFAULT_STORE, metavar="DIR", help="JetStream's folder")
    add("--database-url", default="", metavar="URL", help="an empty password in it is filled in")
    add("--rotate", choices=secrets_file.STEPS, help="a step of changing AUTH_ENCRYPTION_SECRET")
    add("--readable", action="store_true", help="any user may read them (each in its own volume)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
