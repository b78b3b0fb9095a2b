"""What a `mcpgateway up` that runs does: heals, and stays when another start goes wrong."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from support.http import free_port
from support.suite import Suite, running_suite, serves, up_ended
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROLES = ("control-plane", "data-plane", "admin", "bin/postgres", "nats-server")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    folder = tmp_path_factory.mktemp("up") / "data"
    async with running_suite(folder, "--replicas", "2") as running:
        yield running


async def test_every_role_shows_in_exactly_one_kind_of_command_line(suite: Suite) -> None:
    assert {role: len(suite.pids(role)) for role in ROLES} == {
        "control-plane": 1,
        "data-plane": 2,
        "admin": 1,
        "bin/postgres": 1,
        "nats-server": 1,
    }


async def test_a_second_start_on_the_same_folder_says_so_and_leaves_the_first_alone(
    suite: Suite,
) -> None:
    args = ("--port", str(free_port()), "--data-dir", str(suite.data_dir))
    status, said = await up_ended(*args, cwd=suite.data_dir.parent)
    assert status == 1
    assert f"in use by another `mcpgateway up` (process {suite.process.pid}, {suite.url})" in said
    await until(lambda: serves(suite), "the suite serves")


async def test_a_taken_port_is_named(suite: Suite, tmp_path: Path) -> None:
    port = suite.url.rpartition(":")[2]
    status, said = await up_ended("--port", port, "--data-dir", "other", cwd=tmp_path)
    assert status == 1
    assert f"port {port} of 127.0.0.1 is taken: choose another with --port" in said


@pytest.mark.parametrize("role", ROLES)
async def test_a_killed_child_is_started_again(role: str, suite: Suite) -> None:
    before, said = suite.pids(role), len(suite.output)
    suite.kill(role)
    await until(lambda: bool(set(suite.pids(role)) - set(before)), f"a new {role}")
    await until(lambda: serves(suite), "the suite serves again", 60)
    assert any("ended (SIGKILL); starting it again" in line for line in suite.output[said:])
