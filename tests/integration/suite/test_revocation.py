"""What is taken away is gone at both replicas at once: calls, streams, and what is under way."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple

import httpx2
import pytest

from support.two_replicas import Gateway
from support.wait import until

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
async def listening(http: httpx2.AsyncClient, path: str = "/mcp") -> AsyncIterator[httpx2.Response]:
    wanted = {"toolsListChanged": True}
    asked = message("subscriptions/listen", notifications=wanted)
    async with http.stream("POST", path, **asked) as stream:
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


async def answered(http: httpx2.AsyncClient, seconds: float, path: str = "/mcp") -> int:
    """The status of a call that takes so long; 0 when it is broken off."""
    asked = message("tools/call", "modern-slow", arguments={"seconds": seconds})
    try:
        return (await http.post(path, **asked)).status_code
    except httpx2.HTTPError:
        return 0


async def lists(http: httpx2.AsyncClient, path: str = "/mcp") -> httpx2.Response:
    return await http.post(path, **message("tools/list"))


async def person(gateway: Gateway, name: str) -> tuple[str, dict[str, str]]:
    """The email of somebody new, and the header of his login; both replicas know him."""
    email, word = f"{name}@example.com", "a Correct-horse battery 9 staple"
    async with gateway.http() as admin:
        body = {"email": email, "password": word, "full_name": name}
        made = await admin.post("/auth/email/admin/users?wait=applied", json=body)
        assert made.status_code in (200, 201), made.text
        login = await admin.post("/auth/login", json={"email": email, "password": word})
    assert login.status_code == 200, login.text
    return email, {"Authorization": f"Bearer {login.json()['access_token']}"}


class Shared(NamedTuple):
    """A virtual server of a team, and a member of it who uses it."""

    team: str
    server: str
    email: str
    headers: dict[str, str]

    @property
    def path(self) -> str:
        return f"/servers/{self.server}/mcp"


async def shared(gateway: Gateway, name: str) -> Shared:
    email, headers = await person(gateway, name)
    async with gateway.http() as admin:
        tools = (await admin.get("/tools?limit=0")).json()
        [slow] = [each["id"] for each in tools if each["name"] == "modern-slow"]
        members = [{"email": email, "role": "member"}]
        made = await admin.post("/teams?wait=applied", json={"name": name, "members": members})
        assert made.status_code == 201, made.text
        team = made.json()["id"]
        body = {"name": name, "associatedTools": [slow], "visibility": "team", "team_id": team}
        server = await admin.post("/servers?wait=applied", json=body)
        assert server.status_code == 201, server.text
    return Shared(team, server.json()["id"], email, headers)


async def take_roles(admin: httpx2.AsyncClient, of: Shared) -> httpx2.Response:
    """Both of them: who has one everywhere uses with it what his team sees."""
    path = f"/rbac/users/{of.email}/roles"
    answer = await admin.get(path)
    for held in answer.json():
        where = {name: held[name] for name in ("scope", "scope_id") if held[name]}
        answer = await admin.delete(f"{path}/{held['role_id']}", params=where)
        assert answer.status_code < 300, answer.text
    return answer


async def forbid(admin: httpx2.AsyncClient, of: Shared) -> httpx2.Response:
    who, what = {"principals": [of.email]}, {"kinds": ["server"], "ids": [of.server]}
    rule = {"name": of.email, "effect": "deny", "subjects": who, "objects": what}
    return await admin.post("/access/rules", json=rule | {"actions": ["servers.use"]})


async def take_membership(admin: httpx2.AsyncClient, of: Shared) -> httpx2.Response:
    return await admin.delete(f"/teams/{of.team}/members/{of.email}")


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


@pytest.mark.parametrize("take", [take_roles, forbid, take_membership])
async def test_what_a_role_a_rule_or_a_team_gave_ends_at_both_replicas(
    gateway: Gateway, take: Callable[[httpx2.AsyncClient, Shared], Awaitable[httpx2.Response]]
) -> None:
    of = await shared(gateway, take.__name__.replace("_", "-"))
    async with AsyncExitStack() as stack:
        https = [
            await stack.enter_async_context(gateway.http(address, **of.headers))
            for address in gateway.replicas
        ]
        for http in https:
            assert (await lists(http, of.path)).status_code == 200
        streams = [await stack.enter_async_context(listening(http, of.path)) for http in https]
        begun = [asyncio.create_task(answered(http, 60.0, of.path)) for http in https]
        ends = [asyncio.create_task(ended(stream)) for stream in streams]
        other = await stack.enter_async_context(gateway.http(gateway.replicas[0]))
        listened = await stack.enter_async_context(listening(other, of.path))
        kept = asyncio.create_task(ended(listened))
        async with gateway.http() as admin:
            gone = await take(admin, of)
        assert gone.status_code < 300, gone.text
        async with asyncio.timeout(SOON):
            await asyncio.gather(*ends)
            # 403 where the tool is taken from him before the server is.
            assert set(await asyncio.gather(*begun)) <= {0, 401, 403}
        for http in https:
            assert (await lists(http, of.path)).status_code in (403, 404)
        assert not kept.done(), "a stream of somebody else at the same server"
        kept.cancel()


async def test_a_call_of_a_tool_that_is_switched_off_ends_at_both_replicas(
    gateway: Gateway,
) -> None:
    async with AsyncExitStack() as stack:
        https = [
            await stack.enter_async_context(gateway.http(address)) for address in gateway.replicas
        ]
        called = len(gateway.upstreams["modern"].calls)
        begun = [asyncio.create_task(answered(http, 60.0)) for http in https]
        await until(lambda: len(gateway.upstreams["modern"].calls) >= called + 2, "both calls")
        async with gateway.http() as admin:
            tools = (await admin.get("/tools?limit=0")).json()
            [slow] = [each["id"] for each in tools if each["name"] == "modern-slow"]
            path = f"/tools/{slow}/state?wait=applied&activate="
            off = await admin.post(f"{path}false")
            assert off.status_code == 200, off.text
            async with asyncio.timeout(SOON):
                assert set(await asyncio.gather(*begun)) <= {0, 403}
            assert (await admin.post(f"{path}true")).status_code == 200


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
