"""How the life of a replica ends."""

import asyncio
import gc
from pathlib import Path

import pytest

from mcpgateway.data_plane.wiring.process import run
from support.data_plane import settings


async def test_what_ends_the_following_of_the_table_ends_the_process_and_is_raised_last(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    creds = tmp_path / "broken.creds"
    creds.write_text("no credentials")
    chosen = settings(MCPGATEWAY_NATS_CREDS=str(creds), MCPGATEWAY_DATA_DIR=str(tmp_path))
    thresholds = gc.get_threshold()
    try:
        with pytest.raises(ValueError, match=r"broken\.creds"):
            await asyncio.wait_for(run(chosen), 10)
    finally:
        gc.set_threshold(*thresholds)
    assert "draining" in [record.getMessage() for record in caplog.records]
    assert asyncio.all_tasks() == {asyncio.current_task()}
