"""Tokens that are restricted, at two replicas of a whole suite; and what is told of their use."""

import time
from typing import Any

import httpx2
import pytest

from support.two_replicas import Gateway
from support.wait import until

CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "legacy-echo", "arguments": {"text": "hi"}},
}
VERSION = {"MCP-Protocol-Version": "2025-11-25"}


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def token(gateway: Gateway, name: str, **scope: Any) -> tuple[str, dict[str, str]]:
    """Its id, and the header that shows it; both replicas know it."""
    async with gateway.http() as http:
        body = {"name": name, "scope": scope}
        made = await http.post("/v1/tokens?wait=applied", json=body)
        assert made.status_code == 201, made.text
    text = made.json()["access_token"]
    return made.json()["token"]["id"], {"Authorization": f"Bearer {text}"}


async def call(http: httpx2.AsyncClient) -> httpx2.Response:
    return await http.post("/mcp", json=CALL, headers=VERSION)


async def test_a_limit_counts_repeated_calls_at_all_replicas(gateway: Gateway) -> None:
    id, headers = await token(gateway, "limited", usage_limits={"requests_per_day": 5})
    here, there = gateway.replicas
    async with gateway.http(here, **headers) as http:
        answers = [await call(http) for _ in range(7)]
    assert [each.status_code for each in answers] == [200] * 5 + [429] * 2
    assert answers[0].json()["result"]["content"][0]["text"] == "hi"
    left = 86_400 - time.time() % 86_400
    assert abs(int(answers[-1].headers["retry-after"]) - left) < 60
    assert "5 requests of this day" in answers[-1].json()["error"]["message"]
    counted = {"allowed": 5, "refused": 2}

    async def refused_there() -> bool:
        async with gateway.http(there, **headers) as http:
            refused = (await call(http)).status_code == 429
        counted["refused" if refused else "allowed"] += 1
        return refused

    await until(refused_there, "the other replica has heard of it")

    async def usage() -> dict[str, Any]:
        async with gateway.http() as http:
            return dict((await http.get(f"/v1/tokens/{id}/usage")).json())

    async def told() -> bool:
        shown = await usage()
        return bool(shown["total_requests"] == counted["allowed"] + counted["refused"])

    await until(told, "control planes have heard of all calls")
    assert (await usage())["blocked_requests"] == counted["refused"]
    async with gateway.http() as http:
        shown = (await http.get(f"/v1/tokens/{id}")).json()
    assert shown["last_used_from"] == "127.0.0.1"


async def test_calls_that_take_a_shortcut_are_all_told_of(gateway: Gateway) -> None:
    id, headers = await token(gateway, "free")
    async with gateway.http(gateway.replicas[0], **headers) as http:
        for _ in range(40):
            assert (await call(http)).status_code == 200

    async def told() -> bool:
        async with gateway.http() as http:
            shown = (await http.get(f"/v1/tokens/{id}/usage")).json()
        assert shown["total_requests"] <= 40
        return bool(shown["total_requests"] == 40 and shown["blocked_requests"] == 0)

    await until(told, "control planes have heard of 40 calls")


@pytest.mark.parametrize(
    ("scope", "says"),
    [
        ({"ip_restrictions": ["192.0.2.0/24"]}, "not taken from 127.0.0.1"),
        ({"time_restrictions": {"start": "00:00", "end": "00:01", "timezone": "UTC"}}, "this time"),
    ],
)
async def test_where_from_and_when_are_held(
    gateway: Gateway, scope: dict[str, Any], says: str
) -> None:
    if "time_restrictions" in scope:  # a minute that is not now
        hour = (int(time.time()) // 3600 + 6) % 24
        scope = {"time_restrictions": {"start": f"{hour:02}:00", "end": f"{hour:02}:01"}}
    _, headers = await token(gateway, f"narrow {says}", **scope)
    async with gateway.http(gateway.replicas[1], **headers) as http:
        refused = await call(http)
        stream = await http.get("/mcp")
    assert (refused.status_code, stream.status_code) == (403, 403)
    assert says in refused.json()["error"]["message"]


async def test_a_network_that_fits_lets_in(gateway: Gateway) -> None:
    _, headers = await token(gateway, "local", ip_restrictions=["127.0.0.0/8"])
    async with gateway.http(gateway.replicas[0], **headers) as http:
        assert [(await call(http)).status_code for _ in range(5)] == [200] * 5
