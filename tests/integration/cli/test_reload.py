"""`up --reload` sees the changes that matter."""

import asyncio
from pathlib import Path

from mcpgateway.cli.up import reload


async def test_a_changed_source_file_is_reported_and_other_files_are_not(tmp_path: Path) -> None:
    source, other = tmp_path / "part.py", tmp_path / "notes.txt"
    source.write_text("before")
    seen: asyncio.Queue[str] = asyncio.Queue()

    async def follow() -> None:
        async for path in reload.changes([str(tmp_path)]):
            await seen.put(path)

    follower = asyncio.create_task(follow())
    try:
        async with asyncio.timeout(30):
            while seen.empty():  # the watch begins some time after the task
                other.write_text("after")
                source.write_text("after")
                await asyncio.wait({follower}, timeout=0.1)
                assert not follower.done(), follower.exception()
            assert Path(await seen.get()) == source
    finally:
        follower.cancel()
        await asyncio.gather(follower, return_exceptions=True)


def test_the_sources_of_all_services_are_watched() -> None:
    folders = reload.sources()
    for part in ("common", "cli", "control_plane", "data_plane", "admin"):
        assert any((Path(folder) / part).is_dir() for folder in folders), part
