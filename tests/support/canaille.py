"""A real OpenID provider for tests, in a process of its own."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from support.http import free_port

_PROGRAM = Path(__file__).with_name("canaille_program.py")
_DEADLINE = 60.0


class Canaille(NamedTuple):
    """`issuer` is its address too."""

    issuer: str
    client_id: str
    client_secret: str


@asynccontextmanager
async def canaille(redirect_uri: str, people: dict[str, dict[str, Any]]) -> AsyncIterator[Canaille]:
    """`people` by user name: name, email, password, groups."""
    port = free_port()
    found = Canaille(f"http://localhost:{port}", "gateway", "a secret of the tests")
    said = {"client_id": found.client_id, "client_secret": found.client_secret}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-W", "ignore", str(_PROGRAM), str(port)),  # -P: `http` is Python's
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = json.dumps({**said, "redirect_uri": redirect_uri, "people": people}) + "\n"
        process.stdin.write(line.encode())
        async with asyncio.timeout(_DEADLINE):
            ready = await process.stdout.readline()
        assert ready == b"ready\n", await _complaints(process)
        yield found
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _complaints(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    return (await process.stderr.read()).decode()
