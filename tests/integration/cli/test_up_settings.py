"""What `mcpgateway up` makes of options, of the environment and of an env file, all at once."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from support.suite import Suite, running_suite, serves
from support.wait import until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    """Started in the folder that has the env file and gets the data."""
    folder = tmp_path_factory.mktemp("up")
    (folder / ".env").write_text("PLATFORM_ADMIN_EMAIL=root@example.org\n")
    environ = {"DATABASE_URL": "sqlite:///./mcp.db"}
    async with running_suite(folder / "data", "--no-admin", environ=environ) as running:
        yield running


async def test_settings_come_from_the_env_file_of_the_current_folder(suite: Suite) -> None:
    assert any("root@example.org" in line for line in suite.output)
    await until(lambda: serves(suite), "the suite serves")


async def test_without_admin_pages_there_is_no_admin_process(suite: Suite) -> None:
    assert suite.pids("mcpgateway.cli admin") == []
    await until(lambda: serves(suite), "the suite serves")


async def test_a_sqlite_url_keeps_the_data_beside_its_path(suite: Suite) -> None:
    assert (suite.data_dir.parent / "mcp.db.postgres" / "postgres").is_dir()
    said = [line for line in suite.output if "using the embedded PostgreSQL" in line]
    assert len(said) == 1
