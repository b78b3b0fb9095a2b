"""The wheel alone, with what its locks say, runs: the whole suite, and each service by itself."""

import asyncio
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from support.http import free_port
from support.suite import clean_environ, descendants

ROOT = Path(__file__).parents[3]
UV = Path(sysconfig.get_path("scripts")) / "uv"
SERVICES = {
    "control-plane": "mcpgateway.control_plane",
    "data-plane": "mcpgateway.data_plane",
    "admin": "mcpgateway.admin",
    "runner": "mcpgateway.runner",
}


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    environ = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("dist")
    run(UV, "build", "--wheel", "--no-build-isolation", "--python", sys.executable, "-o", out)
    (built,) = out.glob("*.whl")
    return built


def install(wheel: Path, lock: str, into: Path) -> Path:
    """A fresh environment with a lock and the wheel; returns its bin folder."""
    run(UV, "venv", "-q", "--python", sys.executable, into)
    python = into / "bin" / "python"
    locked = ROOT / "deploy" / "locks" / f"{lock}.lock"
    run(UV, "pip", "install", "-q", "--python", python, "--require-hashes", "-r", locked)
    run(UV, "pip", "install", "-q", "--python", python, "--no-deps", wheel)
    return into / "bin"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_starts_with_only_its_own_dependencies(
    service: str, wheel: Path, tmp_path: Path
) -> None:
    bin_ = install(wheel, service, tmp_path / "venv")
    # A setting that can not be read: the service has imported everything when it says so.
    done = subprocess.run(
        [bin_ / "python", "-m", SERVICES[service]],
        env={**clean_environ(), "PORT": "none"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2, done.stderr
    assert "PORT must be" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("tool", ["mcpgateway.wrapper", "mcpgateway.translate"])
def test_a_client_tool_runs_with_only_the_client_dependencies(
    tool: str, wheel: Path, tmp_path: Path
) -> None:
    bin_ = install(wheel, "client", tmp_path / "venv")
    assert "usage" in run(bin_ / "python", "-m", tool, "--help", cwd=tmp_path)
    token = run(bin_ / "python", "-m", "mcpgateway.utils.create_jwt_token", *TOKEN, cwd=tmp_path)
    assert token.count(".") == 2


TOKEN = ("--username", "a@example.com", "--secret", "0123456789abcdef0123456789abcdef")


async def test_the_wheel_alone_runs_the_whole_suite(wheel: Path, tmp_path: Path) -> None:
    bin_ = install(wheel, "all", tmp_path / "venv")
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(bin_ / "mcpgateway", "up", "--port", str(port), "--data-dir", tmp_path / "data"),
        env={**clean_environ(), "PATH": f"{bin_}:/usr/bin:/bin"},
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout is not None
    seen = []
    try:
        async with asyncio.timeout(60):
            async for line in process.stdout:
                seen.append(line.decode())
                if b"export TOKEN=" in line:
                    break
            else:
                raise AssertionError("".join(seen))
        assert descendants(process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(30):
            await process.communicate()
