"""Users of a running suite who let it act for them at an upstream: their calls, and what their
browsers do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2

from support.authorization_server import Protected, protected_server
from support.suite import Suite

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "0"},
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"url": {}}},
}
PASSWORD = "Correct-horse-battery-9"


async def call(
    suite: Suite, tool: str, token: str, base: str = "", **params: Any
) -> dict[str, Any]:
    """A modern call of a client that can show pages."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": tool,
    }
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": tool, "arguments": {"text": "hi"}, "_meta": META, **params},
    }
    opened = suite.of_replica(base, headers=headers) if base else suite.stranger(headers=headers)
    async with opened as http:
        answer = await http.post("/mcp", json=body)
    if answer.headers["content-type"].startswith("text/event-stream"):
        lines = [line for line in answer.text.splitlines() if line.startswith("data:")]
        return dict(httpx2.Response(200, text=lines[-1][5:]).json())
    return dict(answer.json())


async def replicas(suite: Suite) -> list[str]:
    async with suite.http() as http:
        shown = (await http.get("/v1/replicas")).json()["replicas"]
    return [f"http://{each['address']}" for each in shown]


async def user(suite: Suite, email: str) -> str:
    """The token of somebody new."""
    body = {"email": email, "password": PASSWORD, "full_name": "Some Body"}
    async with suite.http() as http:
        made = await http.post("/auth/email/admin/users", json=body)
        assert made.status_code in (200, 201), made.text
        login = await http.post("/auth/login", json={"email": email, "password": PASSWORD})
        assert login.status_code == 200, login.text
    return str(login.json()["access_token"])


async def consent(suite: Suite, url: str, token: str) -> httpx2.Response:
    """What a browser does that is logged in with a token: there, to the server, and back."""
    place = urlsplit(url)
    async with suite.stranger(headers={"Authorization": f"Bearer {token}"}) as browser:
        begun = await browser.get(f"{place.path}?{place.query}")
        assert begun.status_code == 302, begun.text
        async with httpx2.AsyncClient() as outside:
            there = await outside.get(begun.headers["location"])
        back = urlsplit(there.headers["location"])
        assert back.path == "/oauth/callback"
        return await browser.get(f"{back.path}?{back.query}", headers={"Authorization": ""})


@asynccontextmanager
async def gateway_of_users(
    suite: Suite, name: str, **config: Any
) -> AsyncIterator[tuple[Protected, str, str]]:
    """An upstream that is called with its users' consent; its id, and the name of its echo."""
    async with protected_server() as upstream:
        settings = {"grant_type": "authorization_code", **config}
        made = await suite.register(name, upstream.url, auth_type="oauth", oauth_config=settings)
        yield upstream, made["id"], f"{name}-echo"


async def fetch_tools(suite: Suite, id: str) -> None:
    async with suite.http() as http:
        answer = await http.get(f"/oauth/status/{id}")
        assert answer.json()["authorized"] is False
    done = await consent(suite, f"/oauth/authorize/{id}", suite.token)
    assert done.status_code == 200, done.text
    async with suite.http() as http:
        fetched = await http.post(f"/oauth/fetch-tools/{id}?wait=applied")
    assert fetched.status_code == 200, fetched.text
    assert fetched.json()["toolsAdded"] > 0


def page_in(asked: dict[str, Any]) -> str:
    assert asked["result"]["resultType"] == "input_required", asked
    return str(asked["result"]["inputRequests"]["mcpgateway.consent"]["params"]["url"])
