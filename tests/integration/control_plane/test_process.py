"""The process: what it refuses to start with, what it waits for, how it stops."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import httpx2
import pytest

from mcpgateway.control_plane.__main__ import main
from mcpgateway.control_plane.store.migrate import migrations
from support.control_plane import ADMIN, ENCRYPTION_SECRET, JWT_SECRET, PASSWORD
from support.door_http import plain_client
from support.http import free_port
from support.services import Services
from support.suite import clean_environ
from support.wait import until

GOOD = {
    "AUTH_ENCRYPTION_SECRET": ENCRYPTION_SECRET,
    "JWT_SECRET_KEY": JWT_SECRET,
    "PLATFORM_ADMIN_PASSWORD": PASSWORD,
}


@dataclass
class Running:
    process: Process
    url: str
    log: list[str] = field(default_factory=list)

    def said(self, words: str) -> bool:
        return any(words in line for line in self.log)

    async def get(self, path: str) -> int:
        async with plain_client(timeout=30) as http:
            try:
                return (await http.get(self.url + path)).status_code
            except httpx2.TransportError:
                return 0

    async def answers(self) -> bool:
        return await self.get("/ready") == 200


@asynccontextmanager
async def control_plane(database: str, nats: str, **environ: str) -> AsyncIterator[Running]:
    port = free_port()
    settings = {**GOOD, "DATABASE_URL": database, "NATS_URL": nats, "PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcpgateway.control_plane"),
        env={**clean_environ(), **settings, **environ},
        stderr=PIPE,
    )
    running = Running(process, f"http://127.0.0.1:{port}")
    reading = asyncio.create_task(_read(process, running.log))
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reading


async def _read(process: Process, log: list[str]) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        log.append(line.decode())


async def stop(running: Running) -> int:
    running.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        return await running.process.wait()


async def test_it_serves_logs_in_and_stops_in_order(database: str, services: Services) -> None:
    async with control_plane(database, services.nats) as running:
        await until(running.answers, "the API answers")
        async with plain_client(timeout=30) as http:
            body = {"email": ADMIN, "password": PASSWORD}
            login = await http.post(running.url + "/auth/login", json=body)
            token = {"Authorization": f"Bearer {login.json()['access_token']}"}
            replicas = await http.get(running.url + "/v1/replicas", headers=token)
            version = await http.get(running.url + "/version", headers=token)
        assert replicas.json()["wanted"] == 2
        assert version.json()["database"]["reachable"] is True
        assert await stop(running) == 0
    assert not running.said("Traceback"), running.log
    assert not running.said(PASSWORD), running.log


async def test_the_api_serves_while_nats_is_away(database: str) -> None:
    async with control_plane(database, f"nats://127.0.0.1:{free_port()}") as running:
        await until(running.answers, "the API answers")
        assert await running.get("/health") == 200
        assert await stop(running) == 0


async def test_it_waits_for_a_database_that_is_not_there_yet(services: Services) -> None:
    late = f"postgresql://u:p@127.0.0.1:{free_port()}/x?sslmode=disable"
    async with control_plane(late, services.nats) as running:
        await until(lambda: running.said("waiting for the database"), "it says that it waits")
        assert running.process.returncode is None
        assert await stop(running) == 0


async def test_a_database_that_refuses_us_ends_it_with_the_reason(services: Services) -> None:
    async with control_plane(services.dsn("no_such_database"), services.nats) as running:
        async with asyncio.timeout(30):
            assert await running.process.wait() == 1
    assert running.said("the database refuses us")
    assert running.said("no_such_database")


async def test_two_starts_at_once_migrate_once(database: str, services: Services) -> None:
    async with (
        control_plane(database, services.nats) as one,
        control_plane(database, services.nats) as other,
    ):
        await until(one.answers, "one answers")
        await until(other.answers, "the other answers")
        connection = await asyncpg.connect(database)
        applied = await connection.fetchval("SELECT count(*) FROM schema_migrations")
        users = await connection.fetchval("SELECT count(*) FROM users")
        keys = await connection.fetchval("SELECT count(*) FROM signing_keys")
        await connection.close()
    assert (applied, users, keys) == (len(migrations()), 1, 2)


def test_all_wrong_settings_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], {"PORT": "x", "DATABASE_URL": "mysql://h/d"}) == 2
    said = capsys.readouterr().err
    for name in ("PORT", "DATABASE_URL", *GOOD):
        assert f"control-plane: {name} " in said


@pytest.mark.usefixtures("logging_as_before")
def test_weak_secrets_are_refused_on_an_open_address_with_a_line_to_paste(
    capsys: pytest.CaptureFixture[str],
) -> None:
    weak = {**GOOD, "JWT_SECRET_KEY": "my-test-key", "PLATFORM_ADMIN_PASSWORD": "changeme"}
    database = {"DATABASE_URL": "postgresql://h/d", "HOST": "0.0.0.0"}
    assert main([], weak | database) == 2
    said = capsys.readouterr().err
    assert "JWT_SECRET_KEY has 11 characters" in said
    assert "export PLATFORM_ADMIN_PASSWORD=" in said
    assert "my-test-key" not in said


async def test_weak_secrets_on_loopback_are_accepted_with_a_loud_warning(
    database: str, services: Services
) -> None:
    async with control_plane(database, services.nats, JWT_SECRET_KEY="my-test-key") as running:
        await until(running.answers, "the API answers")
        assert await stop(running) == 0
    assert running.said("WARNING control-plane mcpgateway.control_plane: INSECURE")


async def test_an_open_address_without_authentication_is_warned_of(
    database: str, services: Services
) -> None:
    open_to_all = {"AUTH_REQUIRED": "false", "MCPGATEWAY_PUBLIC_HOST": "0.0.0.0"}
    async with control_plane(database, services.nats, **open_to_all) as running:
        await until(running.answers, "the API answers")
        assert await stop(running) == 0
    assert running.said("INSECURE: AUTH_REQUIRED=false")
