"""What is taken away is gone at both replicas at once: calls, streams, and what is under way."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
import pytest

from support.two_replicas import Gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODERN = "2026-07-28"
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}
SOON = 5.0  # seconds on a machine that is busy with other tests; some 0.03 on one that is not


def message(method: str, name: str = "", **params: Any) -> dict[str, Any]:
    headers = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    if name:
        headers["Mcp-Name"] = name
        params["name"] = name
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {**params, "_meta": META}}
    return {"headers": headers, "json": body}


async def api_token(gateway: Gateway, name: str) -> tuple[str, dict[str, str]]:
    """Its id, and the header that shows it; both replicas know it."""
    async with gateway.http() as http:
        made = await http.post("/tokens?wait=applied", json={"name": name})
    assert made.status_code == 201, made.text
    said = made.json()
    return said["token"]["id"], {"Authorization": f"Bearer {said['access_token']}"}


@asynccontextmanager
async def listening(http: httpx2.AsyncClient) -> AsyncIterator[httpx2.Response]:
    wanted = {"toolsListChanged": True}
    asked = message("subscriptions/listen", notifications=wanted)
    async with http.stream("POST", "/mcp", **asked) as stream:
        assert stream.status_code == 200
        yield stream


async def ended(stream: httpx2.Response) -> float:
    """When, by the clock of `time.monotonic`."""
    try:
        async for _ in stream.aiter_bytes():
            pass
    except httpx2.HTTPError:
        pass  # broken off
    return time.monotonic()


async def answered(http: httpx2.AsyncClient, seconds: float) -> int:
    """The status of a call that takes so long; 0 when it is broken off."""
    asked = message("tools/call", "modern-slow", arguments={"seconds": seconds})
    try:
        return (await http.post("/mcp", **asked)).status_code
    except httpx2.HTTPError:
        return 0


async def lists(http: httpx2.AsyncClient) -> httpx2.Response:
    return await http.post("/mcp", **message("tools/list"))


async def test_a_revoked_api_token_ends_all_that_is_open_for_it_at_both_replicas(
    gateway: Gateway,
) -> None:
    id, headers = await api_token(gateway, "revoked")
    async with AsyncExitStack() as stack:
        https = [
            await stack.enter_async_context(gateway.http(address, **headers))
            for address in gateway.replicas
        ]
        for http in https:
            assert (await lists(http)).status_code == 200
        streams = [await stack.enter_async_context(listening(http)) for http in https]
        begun = [asyncio.create_task(answered(http, 60.0)) for http in https]
        ends = [asyncio.create_task(ended(stream)) for stream in streams]
        other = await stack.enter_async_context(gateway.http(gateway.replicas[0]))
        kept = asyncio.create_task(ended(await stack.enter_async_context(listening(other))))
        await asyncio.sleep(0)
        async with gateway.http() as admin:
            sent = time.monotonic()
            gone = await admin.delete(f"/tokens/{id}")
        assert gone.status_code in (200, 204), gone.text
        async with asyncio.timeout(SOON):
            times = await asyncio.gather(*ends)
            statuses = await asyncio.gather(*begun)
        assert max(times) - sent < SOON
        assert set(statuses) <= {0, 401}
        for http in https:
            refused = await lists(http)
            assert refused.status_code == 401
            assert "revoked" in refused.json()["error"]["message"]
            assert 'error="invalid_token"' in refused.headers["www-authenticate"]
        assert not kept.done(), "a stream of somebody else"
        kept.cancel()


async def test_a_logout_ends_what_is_open_for_the_token_at_the_other_replica(
    gateway: Gateway,
) -> None:
    email = "leaver@example.com"
    word = "a Correct-horse battery 9 staple"
    async with gateway.http() as admin:
        body = {"email": email, "password": word, "full_name": "Leaver"}
        made = await admin.post("/auth/email/admin/users?wait=applied", json=body)
        assert made.status_code in (200, 201), made.text
        login = await admin.post("/auth/login", json={"email": email, "password": word})
        assert login.status_code == 200, login.text
    headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
    here, there = gateway.replicas
    async with gateway.http(here, **headers) as one, gateway.http(there, **headers) as other:
        assert (await lists(other)).status_code == 200
        async with listening(other) as stream:
            end = asyncio.create_task(ended(stream))
            assert (await one.post("/auth/logout")).status_code == 200
            async with asyncio.timeout(SOON):
                await end
        assert (await lists(other)).status_code == 401


@pytest.mark.parametrize("way", ["deactivated", "deleted"])
async def test_a_user_who_is_gone_is_gone_at_both_replicas(gateway: Gateway, way: str) -> None:
    email, word = f"{way}@example.com", "a Correct-horse battery 9 staple"
    async with gateway.http() as admin:
        body = {"email": email, "password": word, "full_name": way}
        made = await admin.post("/auth/email/admin/users?wait=applied", json=body)
        assert made.status_code in (200, 201), made.text
        login = await admin.post("/auth/login", json={"email": email, "password": word})
    headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
    async with AsyncExitStack() as stack:
        https = [
            await stack.enter_async_context(gateway.http(address, **headers))
            for address in gateway.replicas
        ]
        streams = [await stack.enter_async_context(listening(http)) for http in https]
        ends = [asyncio.create_task(ended(stream)) for stream in streams]
        async with gateway.http() as admin:
            path = f"/auth/email/admin/users/{email}"
            if way == "deleted":
                gone = await admin.delete(path)
            else:
                gone = await admin.patch(path, json={"is_active": False})
            assert gone.status_code < 300, gone.text
        async with asyncio.timeout(SOON):
            await asyncio.gather(*ends)
        for http in https:
            assert (await lists(http)).status_code == 401


async def test_a_client_is_told_where_tokens_are_to_be_had(gateway: Gateway) -> None:
    async with gateway.http(gateway.replicas[1], Authorization="Bearer no.token.here") as http:
        refused = await lists(http)
        assert refused.status_code == 401
        said = refused.headers["www-authenticate"]
        url = said.partition('resource_metadata="')[2].partition('"')[0]
        told = (await http.get(url)).json()
    base = f"http://{gateway.replicas[1]}"
    assert told["resource"] == f"{base}/mcp"
    assert told["authorization_servers"] == [base]
    assert json.dumps(told)
