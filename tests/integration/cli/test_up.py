"""`mcpgateway up` as a real process: starts, refuses, stops, and leaves nothing behind."""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from mcpgateway.cli import secrets_file
from mcpgateway.cli.embedded.identity import NOBODY
from support.http import free_port
from support.suite import (
    Suite,
    clean_environ,
    command_line,
    running_suite,
    start_suite,
    up_ended,
)
from support.wait import until


@pytest.fixture
async def suite(tmp_path: Path) -> AsyncIterator[Suite]:
    async with running_suite(tmp_path / "data") as running:
        yield running


async def lineage(suite: Suite) -> str:
    async with suite.http() as http:
        answer = await http.get("/v1/replicas")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["registry"])


async def test_the_first_start_says_how_to_get_in_and_the_next_does_not_repeat_the_password(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "data"
    async with running_suite(folder) as suite:
        text = "\n".join(suite.output)
        password = secrets_file.read(folder)["PLATFORM_ADMIN_PASSWORD"]
        assert password in text
        assert suite.url in text
        first = await lineage(suite)
        body = {"email": "admin@example.com", "password": password}
        async with suite.http() as http:
            assert (await http.post("/auth/login", json=body)).status_code == 200
    async with running_suite(folder) as suite:
        assert password not in "\n".join(suite.output)
        assert await lineage(suite) == first


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
async def test_nothing_is_left_running_however_it_ends(sig: int, suite: Suite) -> None:
    family = suite.family()
    os.kill(suite.process.pid, sig)
    await suite.process.wait()
    await until(lambda: not [p for p in family if command_line(p)], "all processes are gone")
    assert suite.process.returncode == (-9 if sig == signal.SIGKILL else 0)


async def test_after_a_kill_the_same_folder_starts_again(tmp_path: Path) -> None:
    first = await start_suite(tmp_path / "data")
    before = await lineage(first)
    first.process.kill()
    await first.stop()
    async with running_suite(tmp_path / "data") as second:
        assert await lineage(second) == before


@pytest.mark.parametrize(
    ("environ", "status", "message"),
    [
        ({"DATABASE_URL": "mysql://h/d"}, 2, "the registry needs PostgreSQL"),
        ({"MCPGATEWAY_UI_ENABLD": "true"}, 2, "did you mean MCPGATEWAY_UI_ENABLED?"),
        ({"TRUST_PROXY_AUTH_DANGEROUSLY": "true"}, 2, "a header is no proof of identity"),
        ({"MCPGATEWAY_GROUP": "a.b"}, 2, "must be 1-64 of A-Z a-z 0-9 _ -"),
        ({"HOST": "192.0.2.1"}, 1, "can not listen on 192.0.2.1"),
        ({"REQUIRE_JTI": "maybe"}, 2, "REQUIRE_JTI must be true or false"),
        ({"HOST": "0.0.0.0", "JWT_SECRET_KEY": "changeme"}, 1, "JWT_SECRET_KEY"),
    ],
)
async def test_what_can_not_work_stops_the_start_with_the_reason(
    environ: dict[str, str], status: int, message: str, tmp_path: Path
) -> None:
    args = ("--port", str(free_port()), "--data-dir", "data")
    found, said = await up_ended(*args, cwd=tmp_path, **environ)
    assert message in said
    assert found == status
    assert "Traceback" not in said


async def test_a_script_can_wait_until_it_is_ready_and_stop_it_later(tmp_path: Path) -> None:
    port = free_port()
    args = ("--port", str(port), "--data-dir", "data")
    status, said = await up_ended(*args, "--wait", cwd=tmp_path)
    try:
        assert status == 0, said
        assert f"http://127.0.0.1:{port}" in said
    finally:
        down = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "mcpgateway.cli", "down", "--data-dir", "data"),
            env=clean_environ(),
            cwd=tmp_path,
        )
        assert await down.wait() == 0
    assert json.loads((tmp_path / "data" / "ports.json").read_text())


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder of the user `nobody`, reachable for it, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, NOBODY, NOBODY)
        Path(folder).chmod(0o755)
        yield Path(folder)


def _python_for_others() -> str | None:
    """An interpreter of our version that another user can run with our packages, or None."""
    python = shutil.which(f"python3.{sys.version_info.minor}", path="/usr/bin:/usr/local/bin")
    packages = Path(asyncpg.__file__).parents[1]
    reachable = all(path.stat().st_mode & 1 for path in (packages, *packages.parents))
    return python if reachable else None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.skipif(_python_for_others() is None, reason="our Python is private to root")
async def test_an_ordinary_user_can_run_it(open_folder: Path) -> None:
    programs = Path(sys.executable).parent
    environ = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "HOME": str(open_folder),
        "PYTHONPATH": os.pathsep.join(word for word in sys.path if word),
    }

    async def as_nobody(*argv: str) -> str:
        user = ("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups")
        process = await asyncio.create_subprocess_exec(
            *(*user, str(_python_for_others()), "-m", "mcpgateway.cli", *argv),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=environ,
            cwd=open_folder,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        return output.decode()

    said = await as_nobody("up", "--wait", "--port", str(free_port()), "--data-dir", "data")
    try:
        assert "MCP Gateway is ready" in said
    finally:
        await as_nobody("down", "--data-dir", "data")
