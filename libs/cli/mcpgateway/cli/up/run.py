"""Composes `up`: takes the data folder, starts PostgreSQL and NATS, then the services; waits."""

import asyncio
import contextlib
import errno
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from mcpgateway.cli import group, nats_accounts, secrets_file, service_settings, token
from mcpgateway.cli.data_dir import Lock
from mcpgateway.cli.embedded import lifeline, ports
from mcpgateway.cli.embedded import nats as embedded_nats
from mcpgateway.cli.embedded import postgres as embedded_postgres
from mcpgateway.cli.embedded.lifeline import Lifeline
from mcpgateway.cli.embedded.nats import Nats
from mcpgateway.cli.embedded.postgres import Postgres
from mcpgateway.cli.errors import CommandError
from mcpgateway.cli.program import own_name
from mcpgateway.cli.secrets_file import Secrets
from mcpgateway.cli.up import banner, gate, reload, tls
from mcpgateway.cli.up.options import Options
from mcpgateway.cli.up.plan import CONTROL_PLANE, FRONT, RUNNER, Backing, Planner, roles
from mcpgateway.cli.up.supervisor import Child, Part, Supervisor

T = TypeVar("T")

DATABASE_STAGE, NATS_STAGE, CONTROL_STAGE, TRAFFIC_STAGE, FRONT_STAGE = range(5)  # last stops first
_STAGES = {CONTROL_PLANE: CONTROL_STAGE, FRONT: FRONT_STAGE}
START_SECONDS = 120.0
PORT_SECONDS = 5.0  # a data plane of a killed predecessor may still drain

Say = Callable[[str], None]


@dataclass(frozen=True)
class Shell:
    """The outside world of `run`: `say` is a progress line, `ready` gets the banner."""

    say: Say
    ready: Say


class Stopped(Exception):
    """The user asked to stop while it was still starting."""


class Signals:
    """The first SIGINT, SIGTERM or SIGHUP sets `stop`, the next one `hurry`."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.hurry = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(sig) != signal.SIG_IGN:  # as under nohup
                loop.add_signal_handler(sig, self._got)

    def _got(self) -> None:
        (self.hurry if self.stop.is_set() else self.stop).set()


async def run(options: Options, shell: Shell) -> None:
    """Until a signal. Raises CommandError when the start can not succeed."""
    with contextlib.ExitStack() as stack:
        for folder in sorted({options.data_dir, options.postgres_dir}):
            lock = Lock(folder)
            lock.take(options.url)
            stack.callback(lock.release)
        async with _supervised(shell.say) as (supervisor, signals, tie):
            suite = Suite(options, shell, supervisor, signals, tie)
            with contextlib.suppress(Stopped):
                await suite.serve()


@contextlib.asynccontextmanager
async def _supervised(say: Say) -> AsyncIterator[tuple[Supervisor, Signals, Lifeline]]:
    """Whatever happens inside, all children are stopped in order."""
    tie = lifeline.choose()
    signals = Signals()
    supervisor = Supervisor(tie, say)
    try:
        yield supervisor, signals, tie
    finally:
        say("stopping")
        await supervisor.stop(signals.hurry)
        tie.close()
        say("stopped; the data stays")


class Suite:
    """One run of everything."""

    def __init__(
        self,
        options: Options,
        shell: Shell,
        supervisor: Supervisor,
        signals: Signals,
        tie: Lifeline,
    ) -> None:
        self._options = options
        self._shell = shell
        self._supervisor = supervisor
        self._signals = signals
        self._tie = tie
        self._started = time.monotonic()
        self._subjects = group.subjects(options.settings)

    async def serve(self) -> None:
        """Returns at a signal. Raises CommandError, or Stopped when it was not ready yet."""
        options = self._options
        if options.tls is not None:
            tls.prepare(options.tls, options.host if options.self_signed else None)
        await self._await_port()
        secrets = secrets_file.ensure(options.data_dir, options.settings)
        secrets_file.check_same(options.data_dir, secrets_file.in_use(secrets.values))
        settings = {**options.settings, **secrets.values}
        secrets_file.remember(options.data_dir, settings)
        backing = await self._start_backing()
        self._start_services(secrets, backing)
        await self._await_gate(settings, backing)
        self._supervisor.settled()
        self._shell.ready(self._banner(secrets, settings))
        if options.reload:
            await self._until(self._reload_for_ever())
        await self._until(self._signals.stop.wait())

    async def _await_port(self) -> None:
        host, port = self._options.host, self._options.port
        deadline = time.monotonic() + PORT_SECONDS
        waited = False
        while (problem := ports.problem(host, port)) is not None:
            if problem.errno != errno.EADDRINUSE:
                raise CommandError(f"can not listen on {host}, port {port}: {problem.strerror}")
            if time.monotonic() > deadline:
                raise CommandError(f"port {port} of {host} is taken: choose another with --port")
            if not waited:
                self._shell.say(f"waiting until port {port} is free")
            waited = True
            await self._until(asyncio.sleep(0.1))

    async def _start_backing(self) -> Backing:
        database_url, nats_url = self._options.database_url, self._options.nats_url
        creds = nats_accounts.logins(self._options.settings.get("MCPGATEWAY_NATS_CREDS", ""))
        waiting: list[Child] = []
        if not database_url:
            postgres = await self._postgres()
            part = Part(
                postgres.command(),
                DATABASE_STAGE,
                postgres.ready,
                embedded_postgres.READY_SECONDS,
            )
            waiting.append(self._supervisor.start(part))
            database_url = postgres.dsn
        if not nats_url:
            nats, creds = self._nats()
            part = Part(nats.command(), NATS_STAGE, nats.ready, embedded_nats.READY_SECONDS)
            waiting.append(self._supervisor.start(part))
            nats_url = nats.url
        for child in waiting:
            await self._until(child.up.wait())
        folder = self._options.data_dir
        own = (ports.keep(folder, "control-plane"), ports.keep(folder, "admin"))
        runner = ports.keep(folder, "runner") if RUNNER in roles(self._options) else 0
        return Backing(database_url, nats_url, *creds, *own, runner)

    async def _postgres(self) -> Postgres:
        folder = self._options.postgres_dir
        first = not (folder / "postgres").exists()
        self._shell.say(f"starting PostgreSQL{' and making its database' if first else ''}")
        pg_root = self._options.settings.get("PG_ROOT", "")
        postgres = Postgres(folder, pg_root=pg_root, lifeline=self._tie)
        await asyncio.to_thread(postgres.prepare)
        return postgres

    def _nats(self) -> tuple[Nats, tuple[str, str]]:
        self._shell.say("starting NATS")
        accounts = nats_accounts.kept(self._options.data_dir / "nats", self._subjects)
        nats = Nats(self._options.data_dir, auth=accounts.config, lifeline=self._tie)
        nats.prepare()
        return nats, (str(accounts.control_plane), str(accounts.data_plane))

    def _start_services(self, secrets: Secrets, backing: Backing) -> None:
        names = service_settings.names(roles(self._options))
        planner = Planner(
            self._options, secrets.values, backing, names, self._subjects, sys.executable
        )
        commands = planner.commands()
        self._shell.say(f"starting {', '.join(command.name for command in commands)}")
        for command in commands:
            stage = _STAGES.get(command.name, TRAFFIC_STAGE)
            self._supervisor.start(Part(command, stage))

    async def _await_gate(self, settings: Mapping[str, str], backing: Backing) -> None:
        email = settings.get("PLATFORM_ADMIN_EMAIL") or token.DEFAULT_EMAIL
        bearer = token.mint(settings, email, 10)
        deadline = time.monotonic() + START_SECONDS
        self._shell.say("waiting until a data plane has applied the routing table")
        where = (self._options.url, backing.control_plane_url, bearer)
        while not await self._until(asyncio.to_thread(gate.is_open, *where)):
            if time.monotonic() > deadline:
                raise CommandError(f"not ready after {START_SECONDS:g} s; see the messages above")
            await asyncio.sleep(0.05)

    def _banner(self, secrets: Secrets, settings: Mapping[str, str]) -> str:
        made = "PLATFORM_ADMIN_PASSWORD" in secrets.made
        facts = banner.Facts(
            url=self._options.url,
            data_dir=self._options.data_dir,
            email=settings.get("PLATFORM_ADMIN_EMAIL") or token.DEFAULT_EMAIL,
            password=secrets.values["PLATFORM_ADMIN_PASSWORD"] if made else "",
            admin=self._options.admin,
            command=own_name(),
            trusted=self._options.trusted,
            seconds=time.monotonic() - self._started,
        )
        return banner.text(facts)

    async def _reload_for_ever(self) -> None:
        async for changed in reload.changes(reload.sources()):
            self._shell.say(f"{changed} changed; restarting the services")
            self._supervisor.restart(CONTROL_STAGE)

    async def _until(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, unless a signal or a hopeless child comes first."""
        task = asyncio.create_task(work)
        failed = asyncio.create_task(self._supervisor.failed.wait())
        stop = asyncio.create_task(self._signals.stop.wait())
        await asyncio.wait((task, failed, stop), return_when=asyncio.FIRST_COMPLETED)
        for other in (failed, stop):
            other.cancel()
        if self._supervisor.failed.is_set():
            task.cancel()
            raise CommandError(self._supervisor.problem)
        if self._signals.stop.is_set():
            task.cancel()
            raise Stopped
        return task.result()
