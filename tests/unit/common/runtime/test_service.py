"""How a service starts and ends: its exit status, and what it says."""

import asyncio
import logging
import os
import signal
from dataclasses import dataclass

import pytest

from mcpgateway.common.errors import Unavailable
from mcpgateway.common.runtime.service import process_id, read_settings, run_service, stop_event
from mcpgateway.common.runtime.settings import SettingsError, setting
from mcpgateway.common.runtime.tasks import part
from mcpgateway.common.subjects import Subjects


@dataclass(frozen=True)
class Settings:
    needed: str = setting("MCPGATEWAY_CLUSTER", doc="a name")
    log_level: str = setting("LOG_LEVEL", default="INFO", doc="least level logged")
    log_format: str = setting("LOG_FORMAT", default="text", doc="log lines")


GOOD = Settings("x")


async def nothing(_settings: Settings) -> None:
    return


def test_a_wrong_setting_is_told_on_stderr_with_status_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_service("tester", lambda: read_settings(Settings, "tester", {}), nothing) == 2
    assert capsys.readouterr().err == "tester: MCPGATEWAY_CLUSTER is required: a name\n"


def test_a_name_that_is_misspelt_is_refused_and_the_right_one_told() -> None:
    environ = {"MCPGATEWAY_CLUSTER": "x", "MCPGATEWAY_GRUOP": "y"}
    with pytest.raises(SettingsError, match="did you mean MCPGATEWAY_GROUP"):
        read_settings(Settings, "tester", environ)


@pytest.mark.parametrize(
    "error", [Unavailable("no database"), OSError("no port"), ValueError("no key")]
)
def test_an_explained_error_is_one_line_and_status_1(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    async def fails(_settings: Settings) -> None:
        raise error

    assert run_service("tester", lambda: GOOD, fails) == 1
    [record] = caplog.records
    assert record.message == str(error)
    assert record.exc_info is None


def test_a_part_that_failed_is_named_with_its_traceback_and_status_1(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken() -> None:
        raise KeyError("x")

    async def fails(_settings: Settings) -> None:
        await part("the upkeep of upstreams", broken())

    assert run_service("tester", lambda: GOOD, fails) == 1
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.message == "the upkeep of upstreams failed"
    assert record.exc_info


@pytest.mark.parametrize("order", [signal.SIGTERM, signal.SIGINT])
def test_an_order_to_stop_is_an_orderly_end(order: signal.Signals) -> None:
    async def until_told(_settings: Settings) -> None:
        stop = stop_event()
        os.kill(os.getpid(), order)
        async with asyncio.timeout(10):
            await stop.wait()

    assert run_service("tester", lambda: GOOD, until_told) == 0


def test_a_process_id_is_one_token_of_a_subject_and_never_twice_the_same() -> None:
    ids = {process_id() for _ in range(10)}
    assert len(ids) == 10
    for id in ids:
        assert Subjects("local", id).receipt(id).count(".") == 4
