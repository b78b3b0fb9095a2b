"""PostgreSQL and NATS for integration tests, one of each a test session, and what isolates tests.

Where they come from, first match: TEST_DATABASE_URL and TEST_NATS_URL (servers that you run);
Docker, when an engine answers; else the packaged programs that `mcpgateway up` uses.
Fixtures: `services` (the session's servers), `database` (the DSN of a fresh, empty database) and
`registry` (of one with the registry's tables). Each worker of pytest-xdist has a session, hence
servers, of its own: tests that run at once share nothing.
`support.nats` has a NATS of a test's own, for tests that stop it or need its logins.
"""

import asyncio
import importlib
import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from mcpgateway.cli.embedded.nats import Nats
from mcpgateway.cli.embedded.postgres import Postgres
from mcpgateway.control_plane.store.migrate import migrate, migrations


@dataclass(frozen=True)
class Services:
    """`postgres` is the DSN of a user that may create databases; `nats` takes any client."""

    postgres: str
    nats: str

    def dsn(self, database: str) -> str:
        return urlsplit(self.postgres)._replace(path=f"/{database}").geturl()


def start_services(folder: Path, stack: ExitStack) -> Services:
    """What the stack is given stops them."""
    docker = _docker_answers()
    postgres = os.environ.get("TEST_DATABASE_URL") or (_docker_postgres(stack) if docker else "")
    nats = os.environ.get("TEST_NATS_URL") or (_docker_nats(stack) if docker else "")
    if not postgres:
        quick = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
        packaged = Postgres(folder, settings=quick).start()
        stack.callback(packaged.stop)
        postgres = packaged.dsn
    if not nats:
        server = Nats(folder).start()
        stack.callback(server.stop)
        nats = server.url
    return Services(postgres, nats)


# The Docker branch is unproven: no machine of ours has had an engine.


def _docker_answers() -> bool:
    if os.environ.get("DOCKER_HOST"):
        return True
    with socket.socket(socket.AF_UNIX) as engine:
        return engine.connect_ex("/var/run/docker.sock") == 0


def _docker_postgres(stack: ExitStack) -> str:
    containers = importlib.import_module("testcontainers.postgres")
    container = stack.enter_context(containers.PostgresContainer("postgres:18", driver=None))
    return str(container.get_connection_url())


def _docker_nats(stack: ExitStack) -> str:
    containers = importlib.import_module("testcontainers.nats")
    return str(
        stack.enter_context(containers.NatsContainer("nats:2.12", jetstream=True)).nats_uri()
    )


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    with ExitStack() as stack:
        yield start_services(tmp_path_factory.mktemp("services"), stack)


@pytest.fixture
async def database(services: Services) -> AsyncIterator[str]:
    """The DSN of an empty database that is dropped after the test."""
    async with _copied(services, "template1") as dsn:
        yield dsn


@pytest.fixture(scope="session")
def migrated(services: Services) -> str:
    """The name of a database that has had every migration, for others to be copies of: that takes
    a tenth of the time of migrating. Nobody connects to it."""
    name = f"migrated_{secrets.token_hex(6)}"
    asyncio.run(_migrate(services, name))
    return name


@pytest.fixture
async def registry(services: Services, migrated: str) -> AsyncIterator[str]:
    """The DSN of a database of the control plane before its first start, dropped after the test."""
    async with _copied(services, migrated) as dsn:
        yield dsn


async def _migrate(services: Services, name: str) -> None:
    admin = await asyncpg.connect(services.postgres)
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    connection = await asyncpg.connect(services.dsn(name))
    await migrate(connection, migrations())
    await connection.close()


@asynccontextmanager
async def _copied(services: Services, template: str) -> AsyncIterator[str]:
    name = f"test_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(services.postgres)
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
        yield services.dsn(name)
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()
