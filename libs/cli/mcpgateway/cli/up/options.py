"""The command line and environment of `up`, as one frozen value. Decides, starts nothing."""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mcpgateway.cli import data_dir, dotenv
from mcpgateway.cli.errors import UsageError
from mcpgateway.common.runtime import tls_options
from mcpgateway.common.runtime.server_tls import TlsFiles

MAX_REPLICAS = 64
TLS_FOLDER = "tls"  # in the data folder
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_PATHS = ("MCPGATEWAY_NATS_CREDS", "MCPGATEWAY_NATS_CA")  # the services run in another folder
_FLAGS = {"HOST": "host", "PORT": "port", "LOG_LEVEL": "log", "LOG_FORMAT": "format"}


@dataclass(frozen=True, slots=True)
class Options:
    """`settings` is the environment with `.env` and the command line applied; `meant` are the
    names that `.env` sets. `database_url` empty means the embedded PostgreSQL in
    `postgres_dir`; `nats_url` empty the embedded NATS. `tls` None: the public port speaks plain
    HTTP; `self_signed`: its files are made when they are not there. `front`: one process has the
    public port, and the replicas are behind it."""

    host: str
    port: int
    data_dir: Path
    postgres_dir: Path
    database_url: str
    nats_url: str
    replicas: int
    admin: bool
    reload: bool
    wait: bool
    settings: Mapping[str, str]
    tls: TlsFiles | None = None
    self_signed: bool = False
    front: bool = False
    meant: frozenset[str] = frozenset()
    notices: tuple[str, ...] = ()

    @property
    def trusted(self) -> Path | None:
        """The certificate that clients must be told to trust, where we made it."""
        return self.tls.certificate if self.tls is not None and self.self_signed else None

    @property
    def public_host(self) -> str:
        """An address of this machine at which clients here reach the gateway."""
        anywhere = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - read, not bound
        return anywhere.get(self.host, self.host)

    @property
    def url(self) -> str:
        host = f"[{self.public_host}]" if ":" in self.public_host else self.public_host
        return f"{'http' if self.tls is None else 'https'}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Database:
    """Where the registry is: an external URL, or a folder for the embedded one."""

    url: str = ""
    folder: Path | None = None
    notice: str = ""


def parse(argv: Sequence[str], environ: Mapping[str, str], cwd: Path) -> Options:
    """Raises UsageError; argparse exits by itself on `--help` and bad flags."""
    args = _parser().parse_args(argv)
    dotted = _read_env_file(args.env_file, cwd)
    settings = {**dotted, **{name: value for name, value in environ.items() if value != ""}}
    settings |= {n: str(getattr(args, f)) for n, f in _FLAGS.items() if getattr(args, f)}
    settings |= {n: str((cwd / settings[n]).resolve()) for n in _PATHS if settings.get(n)}
    if args.insecure_dev:
        settings["MCPGATEWAY_INSECURE_DEV"] = "true"
    folder = Path(args.data_dir) if args.data_dir else data_dir.default(settings)
    folder = (cwd / folder.expanduser()).resolve()
    settings |= _tls_settings(args, settings, folder, cwd)
    database = read_database(settings.get("DATABASE_URL", ""), cwd)
    return Options(
        host=settings.get("HOST", "127.0.0.1"),
        port=_number(settings.get("PORT", "4444"), "PORT", 1, 65535),
        data_dir=folder,
        postgres_dir=database.folder or folder,
        database_url=database.url,
        nats_url=settings.get("NATS_URL", ""),
        replicas=_number(args.replicas, "--replicas", 1, MAX_REPLICAS),
        admin=not args.no_admin,
        reload=args.reload,
        wait=args.wait,
        settings=settings,
        tls=tls_options.files(settings),
        self_signed=args.tls_self_signed,
        front=args.front,
        meant=frozenset(dotted),
        notices=(database.notice,) if database.notice else (),
    )


def read_database(url: str, cwd: Path) -> Database:
    """What DATABASE_URL asks for. Raises UsageError that never shows the URL: it may hold a
    password."""
    if not url:
        return Database()
    scheme, separator, rest = url.partition("://")
    dialect = scheme.partition("+")[0].lower()
    if dialect in ("postgres", "postgresql") and separator:
        return Database(url=f"postgresql://{rest}")
    if dialect == "sqlite":
        return _beside(rest, cwd)
    if dialect in ("mysql", "mariadb"):
        raise UsageError(
            f"DATABASE_URL names {dialect}: the registry needs PostgreSQL. Leave DATABASE_URL out "
            "for the embedded one"
        )
    raise UsageError("DATABASE_URL must look like postgresql://user:password@host:5432/name")


def _tls_settings(
    args: argparse.Namespace, settings: Mapping[str, str], folder: Path, cwd: Path
) -> dict[str, str]:
    """With absolute paths: the services run in another folder."""
    if problem := tls_options.problem(args):
        raise UsageError(problem)
    found = tls_options.settings(args, folder / TLS_FOLDER)
    try:
        files = tls_options.files({**settings, **found})
    except ValueError as error:
        raise UsageError(f"SSL {error}") from error
    if args.http3 and files is None:
        raise UsageError("--http3 needs TLS: --tls-cert FILE --tls-key FILE, or --tls-self-signed")
    if files is None:
        return found
    paths = {"CERT_FILE": files.certificate, "KEY_FILE": files.key}
    return found | {name: str((cwd / path).resolve()) for name, path in paths.items()}


def _beside(rest: str, cwd: Path) -> Database:
    """sqlite:///relative.db and sqlite:////absolute.db; no path means memory."""
    path = rest[1:].partition("?")[0] if rest.startswith("/") else ""
    if path in ("", ":memory:"):
        return Database(notice="DATABASE_URL names SQLite: using the embedded PostgreSQL instead")
    folder = (cwd / f"{path}.postgres").resolve()
    notice = f"DATABASE_URL names SQLite: using the embedded PostgreSQL in {folder} instead"
    return Database(folder=folder, notice=notice)


def _read_env_file(named: str | None, cwd: Path) -> dict[str, str]:
    file = cwd / (named or ".env")
    if named is None and not file.is_file():
        return {}
    try:
        return dotenv.parse(file.read_text("utf-8"), str(named or ".env"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can not read {file}: {error}") from error


def _number(text: str, name: str, low: int, high: int) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text.strip()) or not low <= int(text) <= high:
        raise UsageError(f"{name} must be {low} to {high}, got {text!r}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mcpgateway up",
        description="Run the whole gateway on this machine: PostgreSQL, NATS, control plane, "
        "data plane and admin pages. Ctrl-C stops everything; the data stays.",
        epilog="Every other setting comes from the environment or from .env; see .env.example.",
    )
    add = parser.add_argument
    add("--host", "-H", help="public address (HOST, default 127.0.0.1)")
    add("--port", "-p", help="public port (PORT, default 4444)")
    add("--data-dir", "-d", metavar="DIR", help="state of the gateway (MCPGATEWAY_DATA_DIR)")
    add(
        "--replicas",
        "--workers",
        "-w",
        default="1",
        metavar="N",
        help="data-plane processes on the public port (default 1)",
    )
    add(
        "--front",
        action=argparse.BooleanOptionalAction,
        default=False,
        help="one process before the replicas, so that one that dies takes no call with it",
    )
    tls_options.add(parser)
    add("--env-file", "--env", "-e", metavar="FILE", help="read settings from FILE (default .env)")
    add(
        "--log",
        "-l",
        choices=LEVELS,
        type=str.upper,
        metavar="LEVEL",
        help="LOG_LEVEL (default INFO)",
    )
    add("--format", "-f", choices=("text", "json"), help="LOG_FORMAT (default text)")
    add("--reload", "-r", action="store_true", help="restart services when their source changes")
    add("--wait", action="store_true", help="run in the background; return when it is ready")
    add("--no-admin", action="store_true", help="leave the admin pages out")
    add("--insecure-dev", action="store_true", help="accept weak secrets on any address")
    return parser
