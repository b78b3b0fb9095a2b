"""What the composition root decides by itself."""

import asyncio
import gc
from pathlib import Path

import pytest

from mcpgateway.common.subjects import Subjects
from mcpgateway.data_plane.pipeline.call import ANONYMOUS
from mcpgateway.data_plane.wiring import default_caller, replica_id, run, service_ports
from support.data_plane import settings


def test_a_replica_id_is_one_token_of_a_subject_and_never_twice_the_same() -> None:
    ids = {replica_id() for _ in range(10)}
    assert len(ids) == 10
    for id in ids:
        assert Subjects("local", id).receipt(id).count(".") == 4


def test_nobody_calls_without_credentials_unless_authentication_is_switched_off() -> None:
    assert default_caller(settings()) is ANONYMOUS
    opened = default_caller(
        settings(AUTH_REQUIRED="false", PLATFORM_ADMIN_EMAIL="root@example.com")
    )
    assert opened.principal is not None
    assert (opened.principal.id, opened.principal.admin) == ("root@example.com", True)
    assert opened.key != ""


def test_upstreams_can_not_be_the_services_behind_the_edge_on_this_machine() -> None:
    urls = {
        "MCPGATEWAY_CONTROL_PLANE_URL": "http://127.0.0.1:5001",
        "MCPGATEWAY_ADMIN_URL": "http://admin.example:5002",
    }
    assert service_ports(settings(**urls)) == [5001]


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
