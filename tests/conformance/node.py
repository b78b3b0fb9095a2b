"""The official suite and the Node.js it needs: installed once from a lock, into a cache folder."""

import asyncio
import hashlib
import os
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "conformance"
PINNED = ("package.json", "package-lock.json")
SUITE = "node_modules/@modelcontextprotocol/conformance/dist/index.js"
INSTALL_DEADLINE = 300.0  # seconds
NOTHING: Mapping[str, str] = MappingProxyType({})


class Unavailable(Exception):
    """The suite can not be installed here; the message says why and what would help."""


async def install() -> Path:
    """Makes sure that what the lock says is installed; returns the folder. Needs npm and, the first
    time, a registry of npm packages."""
    wanted = _digest()
    stamp = CACHE / "installed"
    if stamp.is_file() and stamp.read_text() == wanted:
        return CACHE
    npm = shutil.which("npm")
    if npm is None:
        raise Unavailable("npm is not installed; it brings the suite and the Node.js to run it")
    CACHE.mkdir(parents=True, exist_ok=True)
    for name in PINNED:
        shutil.copy(_source() / name, CACHE / name)
    # No scripts of packages run: what they would bring is pinned as a package of its own.
    code, output = await run(
        npm,
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        folder=CACHE,
        wait=INSTALL_DEADLINE,
    )
    if code:
        raise Unavailable(f"npm could not install the suite (offline?):\n{output.strip()[-1000:]}")
    stamp.write_text(wanted)
    return CACHE


def command(folder: Path) -> tuple[str, str]:
    """What runs the suite: its Node.js and its script."""
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    binary = folder / f"node_modules/node-{platform.system().lower()}-{machine}/bin/node"
    if not binary.is_file():
        raise Unavailable(f"no Node.js is pinned for {platform.system()} on {machine}")
    return str(binary), str(folder / SUITE)


async def run(
    *words: str, folder: Path, wait: float, environ: Mapping[str, str] = NOTHING
) -> tuple[int, str]:
    """Runs a command to its end; returns its exit code and all that it said."""
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "NO_PROXY": "127.0.0.1,localhost", "NO_COLOR": "1", **environ},
    )
    try:
        async with asyncio.timeout(wait):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return 1, f"{words[1]} did not end within {wait:.0f} s"
    return process.returncode or 0, output.decode(errors="replace")


def _source() -> Path:
    return Path(__file__).parent / "node"


def _digest() -> str:
    return hashlib.sha256(b"".join((_source() / name).read_bytes() for name in PINNED)).hexdigest()
