"""`mcpgateway doctor`: says in plain words what this machine has for `mcpgateway up`, and what it
lacks. Changes nothing, but with --new-lineage."""

import argparse
import importlib
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from mcpgateway.cli import data_dir
from mcpgateway.cli.embedded import identity, lifeline, ports
from mcpgateway.cli.embedded import nats as embedded_nats
from mcpgateway.cli.embedded import postgres as embedded_postgres
from mcpgateway.cli.embedded.postgres import Postgres
from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.up import gate
from mcpgateway.cli.up.options import Options, parse
from mcpgateway.common.runtime import known_settings

_LEAST_FREE = 512 * 1024 * 1024  # bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """`fine` False means that `up` would not run or not run well."""

    fine: bool
    text: str


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit status 1 when something is lacking."""
    parser = argparse.ArgumentParser(prog="mcpgateway doctor", description=__doc__)
    parser.add_argument(
        "--new-lineage",
        action="store_true",
        help="after a restore from a backup: give the registry a new identity",
    )
    args, rest = parser.parse_known_args(argv)
    try:
        options = parse(rest, environ, Path.cwd())
        if args.new_lineage:
            print(_new_lineage(options))
            return 0
    except CommandError as error:
        print(f"mcpgateway doctor: {error}", file=sys.stderr)
        return 1
    findings = [_safely(check, options) for check in _CHECKS]
    for finding in findings:
        print(f"{'ok  ' if finding.fine else 'LACK'}  {finding.text}")
    return 0 if all(finding.fine for finding in findings) else 1


def _safely(check: Callable[[Options], Finding], options: Options) -> Finding:
    try:
        return check(options)
    except (CommandError, OSError) as error:
        return Finding(False, str(error))


def _python(_: Options) -> Finding:
    fine = sys.version_info >= (3, 11) and os.name == "posix"
    where = f"{platform.system()} {platform.machine()}"
    return Finding(fine, f"Python {platform.python_version()} on {where}")


def _postgres(options: Options) -> Finding:
    if options.database_url:
        return _reachable("PostgreSQL (DATABASE_URL)", options.database_url, 5432)
    root = embedded_postgres.find_root(options.settings.get("PG_ROOT", ""))
    version = embedded_postgres.major_version(root)
    return Finding(True, f"PostgreSQL {version}, programs in {root}")


def _user(options: Options) -> Finding:
    found = identity.choose(options.postgres_dir / "postgres")
    if found.prefix:
        return Finding(True, "PostgreSQL will run in a user namespace (it refuses to run as root)")
    if found.uid is not None:
        return Finding(True, f"PostgreSQL will run as user {found.uid} (it refuses to run as root)")
    return Finding(True, f"everything will run as user {os.geteuid()}")


def _nats(options: Options) -> Finding:
    if options.nats_url:
        return _reachable("NATS (NATS_URL)", options.nats_url, 4222)
    return Finding(True, f"NATS, program {embedded_nats.find_program()}")


def _lifeline(_: Options) -> Finding:
    chosen = lifeline.choose()
    chosen.close()
    kernel = isinstance(chosen, lifeline.KernelLifeline)
    how = "setpriv" if kernel else "a watchdog process"
    return Finding(True, f"children end with their parent, by {how}")


def _folder(options: Options) -> Finding:
    folder = options.data_dir
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(existing, os.W_OK):
        return Finding(False, f"data folder {folder}: not writable; choose another --data-dir")
    if shutil.disk_usage(existing).free < _LEAST_FREE:
        return Finding(False, f"data folder {folder}: less than 512 MiB are free there")
    return Finding(True, f"data folder {folder}")


def _port(options: Options) -> Finding:
    problem = ports.problem(options.host, options.port)
    if problem is None:
        return Finding(True, f"{options.host}, port {options.port} is free")
    running = data_dir.holder(options.data_dir)
    if running is None:
        return Finding(False, f"{options.host}, port {options.port}: {problem.strerror}")
    ready = gate.fetch(f"{options.url}/ready").status == gate.OK
    state = "ready" if ready else "not ready"
    return Finding(ready, f"the gateway runs at {options.url} (process {running}) and is {state}")


def _settings(options: Options) -> Finding:
    review = known_settings.review(options.settings, known_settings.entries(), options.meant)
    if review.refusals:
        return Finding(False, "; ".join(review.refusals))
    notices = "; ".join((*options.notices, *review.notices))
    return Finding(True, notices or "settings: nothing to say")


def _reachable(what: str, url: str, default_port: int) -> Finding:
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or default_port
    try:
        socket.create_connection((host, port), 3).close()
    except OSError as error:
        return Finding(False, f"{what} at {host}:{port}: {error.strerror or error}")
    return Finding(True, f"{what} answers at {host}:{port}")


_CHECKS: tuple[Callable[[Options], Finding], ...] = (
    _python,
    _postgres,
    _user,
    _nats,
    _lifeline,
    _folder,
    _port,
    _settings,
)


def _new_lineage(options: Options) -> str:
    renew: Callable[[str], str] = importlib.import_module("mcpgateway.cli.lineage").renew
    with _database(options) as dsn:
        identity_now = renew(dsn)
    return (
        f"the registry is now {identity_now}. Restart the control planes; replicas then load "
        "everything again"
    )


@contextmanager
def _database(options: Options) -> Iterator[str]:
    """The DSN of the registry; the embedded server runs meanwhile."""
    if options.database_url:
        yield options.database_url
        return
    lock = data_dir.Lock(options.data_dir)
    lock.take("mcpgateway doctor --new-lineage")
    try:
        server = Postgres(options.postgres_dir, pg_root=options.settings.get("PG_ROOT", "")).start()
        try:
            yield server.dsn
        finally:
            server.stop()
    finally:
        lock.release()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
