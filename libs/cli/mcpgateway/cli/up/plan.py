"""What `up` runs: options, secrets and addresses in, commands out. Pure."""

import signal
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from mcpgateway.cli import derived, secrets_file
from mcpgateway.cli.embedded.process import Command
from mcpgateway.cli.up.options import Options
from mcpgateway.common import runners
from mcpgateway.common.keys import Secrets
from mcpgateway.common.runtime.settings import boolean
from mcpgateway.common.subjects import Subjects

CONTROL_PLANE = "control-plane"
DATA_PLANE = "data-plane"
FRONT = "front"
ADMIN = "admin"
RUNNER = "runner"
ROLES = (CONTROL_PLANE, RUNNER, DATA_PLANE, FRONT, ADMIN)

# What any program needs of its environment; nothing else is inherited.
PASSED = (
    *("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "NO_COLOR"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "PYTHONPATH", "VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE"),
)
_NEED_RUNNER = ("MCPGATEWAY_STDIO_ENABLED", "MCPGATEWAY_TUNNELS_ENABLED")
_STOP = {
    CONTROL_PLANE: ((signal.SIGTERM, 10.0),),
    DATA_PLANE: ((signal.SIGTERM, 20.0),),  # drains: calls in flight end first
    FRONT: ((signal.SIGTERM, 20.0),),
    ADMIN: ((signal.SIGTERM, 5.0),),
    RUNNER: ((signal.SIGTERM, 15.0),),  # ends its commands
}


def roles(options: Options) -> list[str]:
    """The roles that run, in the order of starting."""
    left_out = {
        ADMIN: not options.admin,
        FRONT: not options.front,
        RUNNER: not needs_runner(options.settings),
    }
    return [role for role in ROLES if not left_out.get(role)]


def needs_runner(settings: Mapping[str, str]) -> bool:
    """Whether a runner of our own is to be there: something of it is on, and none is named."""
    wanted = any(_on(settings.get(name, "")) for name in _NEED_RUNNER)
    return wanted and not settings.get(runners.SETTING)


def _on(text: str) -> bool:
    """What can not be read is refused by the services."""
    try:
        return boolean(text)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Backing:
    """Where the services find PostgreSQL, NATS and each other. Creds are paths, "" for none."""

    database_url: str
    nats_url: str
    control_plane_creds: str
    data_plane_creds: str
    control_plane_port: int
    admin_port: int
    runner_port: int = 0  # 0: there is no runner

    @property
    def control_plane_url(self) -> str:
        return f"http://127.0.0.1:{self.control_plane_port}"

    @property
    def runner_url(self) -> str:
        return f"http://127.0.0.1:{self.runner_port}" if self.runner_port else ""

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"


@dataclass(frozen=True, slots=True)
class Planner:
    """`settings_of` names what each role reads: a child gets these settings and no other, so a
    data plane never sees a secret that it has no use for."""

    options: Options
    secrets: Mapping[str, str]
    backing: Backing
    settings_of: Mapping[str, Collection[str]]
    subjects: Subjects
    python: str

    def commands(self) -> tuple[Command, ...]:
        """In the order of starting."""
        replicas = range(self.options.replicas)
        found = [
            self._command(CONTROL_PLANE, (), self._control_plane()),
            *([self._command(RUNNER, (), self._runner())] if self.backing.runner_port else []),
            *(self._data_plane_command(number) for number in replicas),
        ]
        if self.options.front:
            found.append(self._command(FRONT, (), self._front()))
        if self.options.admin:
            found.append(self._command(ADMIN, (), self._admin()))
        return tuple(found)

    def _data_plane_command(self, number: int) -> Command:
        return self._command(DATA_PLANE, ("--replica", str(number)), self._data_plane())

    def _command(self, role: str, args: tuple[str, ...], own: Mapping[str, str]) -> Command:
        given = self.options.settings
        env = {name: given[name] for name in PASSED if given.get(name)}
        env |= {name: given[name] for name in self.settings_of[role] if given.get(name)}
        return Command(
            name=" ".join((role, *args[1:])),
            argv=(self.python, "-m", "mcpgateway.cli", role, *args),
            env={**env, "PYTHONUNBUFFERED": "1", **own},
            stop=_STOP[role],
        )

    @property
    def _secrets(self) -> Secrets:
        return secrets_file.in_use(self.secrets)

    def _control_plane(self) -> dict[str, str]:
        return {
            "HOST": "127.0.0.1",
            "PORT": str(self.backing.control_plane_port),
            "MCPGATEWAY_PUBLIC_HOST": self.options.host,
            "MCPGATEWAY_PUBLIC_PORT": str(self.options.port),
            "DATABASE_URL": self.backing.database_url,
            **({} if self.options.admin else {"MCPGATEWAY_UI_ENABLED": "false"}),
            **({runners.SETTING: self.backing.runner_url} if self.backing.runner_port else {}),
            **self._nats(self.backing.control_plane_creds),
            **self.secrets,
        }

    def _data_plane(self) -> dict[str, str]:
        own = {
            "HOST": self.options.host,
            "PORT": str(self.options.port),
            "MCPGATEWAY_DATA_DIR": str(self.options.data_dir / "routing"),
            **self._nats(self.backing.data_plane_creds),
            **derived.data_plane(self._secrets, self.subjects),
            "MCPGATEWAY_CONTROL_PLANE_URL": self.backing.control_plane_url,
        }
        if self.options.front:
            own["MCPGATEWAY_FRONTED"] = "true"
        if self.options.admin:
            own["MCPGATEWAY_ADMIN_URL"] = self.backing.admin_url
        return own

    def _front(self) -> dict[str, str]:
        """Of the replicas' settings those that it reads."""
        own = self._data_plane()
        return {name: own[name] for name in self.settings_of[FRONT] if name in own}

    def _admin(self) -> dict[str, str]:
        return {
            "HOST": "127.0.0.1",
            "PORT": str(self.backing.admin_port),
            "MCPGATEWAY_CONTROL_PLANE_URL": self.backing.control_plane_url,
            **derived.admin(self._secrets, self.subjects),
        }

    def _runner(self) -> dict[str, str]:
        """Commands are found as they are found here, and have their homes among the data."""
        given = self.options.settings
        own = {
            "MCPGATEWAY_STDIO_PATH": given.get("PATH", ""),
            "MCPGATEWAY_STDIO_DIR": str((self.options.data_dir / "stdio").resolve()),
        }
        return {
            "HOST": "127.0.0.1",
            "PORT": str(self.backing.runner_port),
            **{name: value for name, value in own.items() if not given.get(name)},
            **derived.runner(self._secrets, self.subjects),
        }

    def _nats(self, creds: str) -> dict[str, str]:
        return {
            "NATS_URL": self.backing.nats_url,
            **({"MCPGATEWAY_NATS_CREDS": creds} if creds else {}),
        }
