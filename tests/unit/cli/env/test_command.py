"""`mcpgateway env translate` as it is typed."""

import json
import stat
from pathlib import Path

import pytest

from mcpgateway.cli.env.__main__ import main


@pytest.fixture
def old(tmp_path: Path) -> Path:
    file = tmp_path / "old.env"
    file.write_text("MCG_PORT=4444\nLOG_LEVEL=INFO\nYIELD_BATCH_SIZE=1000\n")
    return file


def test_it_reports_and_writes_a_file_that_only_its_owner_reads(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = tmp_path / "new.env"
    assert main(["translate", str(old), "--output", str(new)]) == 0
    assert "3 settings, 1 kept, 1 renamed, 1 dropped" in capsys.readouterr().out
    assert "PORT=4444\nLOG_LEVEL=INFO\n" in new.read_text()
    assert stat.S_IMODE(new.stat().st_mode) == 0o600


def test_a_file_that_is_there_is_not_replaced_unasked(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.env"
    new.write_text("mine")
    assert main(["translate", str(old), "-o", str(new)]) == 2
    assert new.read_text() == "mine"
    assert main(["translate", str(old), "-o", str(new), "--force"]) == 0


def test_programs_get_json_and_a_status_that_tells_of_refusals(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old.write_text("JWT_SECRET_KEY=my-test-key\n")
    assert main(["translate", str(old), "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["counts"]["refused"] == 1
    assert told["settings"][0]["name"] == "JWT_SECRET_KEY"


@pytest.mark.parametrize("content", [b"no equals sign\n", b"A=\xff\n", b"A='open\n"])
def test_what_is_no_env_file_is_said_with_its_place(
    old: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    old.write_bytes(content)
    assert main(["translate", str(old)]) == 2
    assert str(old) in capsys.readouterr().err


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["translate", str(tmp_path / "none.env")]) == 2
    assert "none.env" in capsys.readouterr().err
