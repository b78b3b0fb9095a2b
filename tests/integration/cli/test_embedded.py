"""The embedded servers, started for real."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from mcpgateway.cli.embedded import identity, lifeline
from mcpgateway.cli.embedded.identity import Identity
from mcpgateway.cli.embedded.nats import Nats
from mcpgateway.cli.embedded.postgres import Postgres
from mcpgateway.cli.errors import CommandError
from support.wait import until

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

CRASHING_PARENT = """
import os, signal, sys
from pathlib import Path
from mcpgateway.cli.embedded import lifeline
from mcpgateway.cli.embedded.nats import Nats
from mcpgateway.cli.embedded.postgres import Postgres
tie = lifeline.choose() if sys.argv[2] == "kernel" else lifeline.WatchdogLifeline()
postgres = Postgres(Path(sys.argv[1]), lifeline=tie).start()
nats = Nats(Path(sys.argv[1]), lifeline=tie).start()
print(postgres.pid, nats.pid, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[Postgres]:
    server = Postgres(tmp_path / "data").start()
    yield server
    server.stop()


async def scalar(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_data_port_and_password_survive_a_restart(postgres: Postgres) -> None:
    await scalar(postgres.dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    before = postgres.dsn
    postgres.stop()
    postgres.start()
    assert postgres.dsn == before
    assert await scalar(postgres.dsn, "SELECT n FROM kept") == 7


async def test_data_survives_a_crash(postgres: Postgres) -> None:
    await scalar(postgres.dsn, "CREATE TABLE kept AS SELECT 7 AS n")
    postgres.kill()
    postgres.start()
    assert await scalar(postgres.dsn, "SELECT n FROM kept") == 7


async def test_nobody_gets_in_without_the_password(postgres: Postgres) -> None:
    wrong = postgres.dsn.replace("mcpgateway:", "mcpgateway:not-")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await scalar(wrong, "SELECT 1")


def test_secrets_are_readable_by_their_owner_only(postgres: Postgres) -> None:
    folder = postgres.data.parent
    assert (folder / "postgres.password").stat().st_mode & 0o777 == 0o600
    assert postgres.data.stat().st_mode & 0o777 == 0o700


def test_data_of_another_major_version_is_refused_by_name(postgres: Postgres) -> None:
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("13\n")
    with pytest.raises(CommandError, match=r"made by PostgreSQL 13.*PG_ROOT"):
        postgres.prepare()


def test_a_first_start_that_was_killed_midway_is_made_again(tmp_path: Path) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    server = Postgres(tmp_path).start()
    server.stop()
    assert not half.exists()


def test_a_lock_file_that_names_another_process_does_not_stop_the_start(
    postgres: Postgres,
) -> None:
    postgres.stop()
    lock = postgres.data / "postmaster.pid"
    lock.write_text(f"{os.getpid()}\n{postgres.data}\n0\n0\n\n\n\n\n")
    postgres.start()


@pytest.mark.parametrize("tie", ["kernel", "watchdog"])
async def test_children_die_with_a_parent_that_is_killed(tmp_path: Path, tie: str) -> None:
    argv = [sys.executable, "-c", CRASHING_PARENT, str(tmp_path), tie]
    parent = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    out, _ = await parent.communicate()
    assert parent.returncode == -signal.SIGKILL
    pids = out.decode().split()
    assert pids
    await until(lambda: not any(Path("/proc", pid).exists() for pid in pids), "all have ended")
    Postgres(tmp_path).start().stop()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any user can reach, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


NAMELESS = """
import os, sys
from pathlib import Path
from mcpgateway.cli.embedded.postgres import Postgres
assert os.geteuid() == 54321
server = Postgres(Path(sys.argv[1])).start()
server.stop()
print("started")
"""


@pytest.mark.skipif(identity.namespace() is None, reason="user namespaces are not allowed here")
def test_a_user_id_without_a_name_can_make_a_database(tmp_path: Path) -> None:
    nameless = ("unshare", "--user", "--map-user=54321", "--map-group=54321")
    command = [*nameless, sys.executable, "-c", NAMELESS, str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "started\n", done.stderr


@as_root
async def test_root_without_user_namespaces_becomes_nobody(open_folder: Path) -> None:
    server = Postgres(open_folder / "data", choose_identity=lambda _: identity.setuid()).start()
    try:
        assert await scalar(server.dsn, "SELECT 1") == 1
        assert server.data.stat().st_uid == identity.NOBODY
    finally:
        server.stop()


@as_root
def test_a_folder_that_nobody_can_reach_is_refused_with_the_ways_out(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    server = Postgres(tmp_path / "data", choose_identity=lambda _: identity.setuid())
    with pytest.raises(CommandError, match=r"not reachable for another user.*--data-dir"):
        server.start()


@as_root
def test_root_runs_the_data_of_another_user_as_that_user(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    os.chown(data, 4242, 4343)
    assert identity.choose(data) == Identity(uid=4242, gid=4343)


def test_nats_keeps_its_port_over_a_restart(tmp_path: Path) -> None:
    server = Nats(tmp_path).start()
    before = server.url
    server.stop()
    server.start()
    server.stop()
    assert server.url == before


def test_a_server_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    server = Nats(tmp_path, auth="nonsense {", lifeline=lifeline.choose())
    with pytest.raises(CommandError, match=r"nats stopped at once:\n.*Parse error"):
        server.start()
