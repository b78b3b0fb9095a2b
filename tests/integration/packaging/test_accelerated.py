"""A wheel with compiled modules: they are what runs, and they keep what their sources promise."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
UV = Path(sysconfig.get_path("scripts")) / "uv"
PROMISES = (
    "tests/unit/common/runtime/http/test_client_connection.py",
    "tests/unit/common/runtime/http/test_head_prediction.py",
    "tests/unit/common/runtime/http/test_origin_pool.py",
    "tests/unit/common/runtime/http/test_request_parser.py",
    "tests/unit/common/runtime/http/test_server_connection.py",
    "tests/unit/common/runtime/http/test_shortcut_connection.py",
    "tests/unit/data_plane/pipeline/shortcuts/test_short_call.py",
    "tests/unit/data_plane/pipeline/shortcuts/test_shortcut.py",
)

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")


def run(*command: str | Path, **environ: str) -> str:
    known = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**known, **environ},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of an accelerated wheel."""
    out = tmp_path_factory.mktemp("dist")
    building = (UV, "build", "--wheel", "--no-build-isolation", "--python", sys.executable)
    run(*building, "-o", out, MCPGATEWAY_ACCELERATE="1")
    (wheel,) = out.glob("*.whl")
    assert not wheel.name.endswith("-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(out / "packages")
    return out / "packages"


def test_the_compiled_modules_are_what_is_imported(unpacked: Path) -> None:
    shown = "import mcpgateway.data_plane.pipeline.shortcuts.shortcut as it; print(it.__file__)"
    found = run(sys.executable, "-c", shown, PYTHONPATH=str(unpacked)).strip()
    assert found.startswith(str(unpacked))
    assert found.endswith(".so")


def test_the_compiled_modules_pass_the_tests_of_their_sources(unpacked: Path) -> None:
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly")
    shown = run(sys.executable, "-m", "pytest", *options, *PROMISES, PYTHONPATH=str(unpacked))
    assert " passed" in shown
