"""The gateway's authorization server as the suite examines it: the suite is the client, this is its
user, with a browser."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from conformance.gateway import Gateway
from mcpgateway.cli.embedded import ports
from support.oauth import OAuthUser

_ASKED = re.compile(r"https?://\S+/authorize\?\S+")
PATIENCE = 60.0  # seconds for one answer


@asynccontextmanager
async def user_of(gateway: Gateway) -> AsyncIterator[OAuthUser]:
    """The administrator, before a browser."""
    async with httpx2.AsyncClient(base_url=gateway.origin, timeout=PATIENCE) as http:
        yield OAuthUser(http, *gateway.suite.administrator)


async def examine(command: list[str], gateway: Gateway, revision: str, folder: str) -> str:
    """Runs the suite's part with a client that registers itself; returns what it said."""
    port = ports.free()
    async with user_of(gateway) as user:
        redirect = f"http://127.0.0.1:{port}/callback"
        registered = await user.register(redirect_uris=[redirect])
        assert registered.status_code == 201, registered.text
        resource = f"{gateway.origin}/mcp"
        process = await asyncio.create_subprocess_exec(
            *command,
            *("authorization", "--url", gateway.origin, "--client-id", user.client_id),
            *("--resource", resource, "--port", str(port)),
            *("--spec-version", revision, "-o", folder),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "NO_PROXY": "127.0.0.1,localhost", "NO_COLOR": "1"},
        )
        try:
            return await _attended(process, user)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _attended(process: asyncio.subprocess.Process, user: OAuthUser) -> str:
    """Opens what the suite asks its user to open, and says yes."""
    assert process.stdout is not None
    said = []
    async with asyncio.timeout(PATIENCE):
        async for line in process.stdout:
            said.append(line.decode(errors="replace"))
            asked = _ASKED.search(said[-1])
            if asked is not None:
                await _consent(user, asked[0])
    return "".join(said)


async def _consent(user: OAuthUser, url: str) -> None:
    page = await user.http.get(url)
    if 'name="password"' in page.text:
        entered = await user.log_in(page)
        assert entered.status_code == 303, entered.text
        page = await user.http.get(entered.headers["location"])
    answer = page if page.status_code == 302 else await user.decide(page)
    assert answer.status_code in (302, 303), answer.text
    # The callback is the suite's own, elsewhere.
    async with httpx2.AsyncClient(timeout=PATIENCE) as elsewhere:
        await elsewhere.get(answer.headers["location"])
