"""One `up` a data folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from mcpgateway.cli import data_dir
from mcpgateway.cli.data_dir import Lock
from mcpgateway.cli.errors import CommandError

HOLD = """
import sys
from pathlib import Path
from mcpgateway.cli.data_dir import Lock
lock = Lock(Path(sys.argv[1]))
lock.take("http://127.0.0.1:4444")
print("taken", flush=True)
sys.stdin.read()
"""


def test_the_folder_comes_from_the_setting_then_from_the_home_folder() -> None:
    assert data_dir.default({"MCPGATEWAY_DATA_DIR": "/d", "HOME": "/h"}) == Path("/d")
    assert data_dir.default({"XDG_DATA_HOME": "/x", "HOME": "/h"}) == Path("/x/mcpgateway")
    assert data_dir.default({"HOME": "/h"}) == Path("/h/.local/share/mcpgateway")


def test_a_second_holder_is_told_who_has_the_folder(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", HOLD, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "taken\n"
        with pytest.raises(CommandError, match=rf"process {other.pid}, http://127\.0\.0\.1:4444"):
            Lock(tmp_path).take("me")
        assert data_dir.holder(tmp_path) == other.pid
        other.kill()
    assert data_dir.holder(tmp_path) is None
    lock = Lock(tmp_path)
    lock.take("me")
    lock.release()


def test_nothing_is_stopped_where_nothing_runs(tmp_path: Path) -> None:
    assert data_dir.stop_holder(tmp_path, 1.0) is False
