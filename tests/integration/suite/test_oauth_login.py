"""MCP clients that know nothing but a URL log in at a running suite: the official SDK's OAuth
client, an older one without resource metadata, and the command line."""

import asyncio
import json
import os
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
import pytest_asyncio
from mcp.client.auth import OAuthClientProvider
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import (
    AuthorizationCodeResult,
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthToken,
)
from pydantic import AnyUrl

from support.door import Door
from support.door_http import plain_client
from support.oauth import REDIRECT, OAuthUser, hidden, said
from support.suite import Suite, clean_environ, running_suite
from support.tls import Authority

pytestmark = pytest.mark.asyncio(loop_scope="module")

EMAIL, PASSWORD = "admin@example.com", "correct horse battery staple"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    data: Path = tmp_path_factory.mktemp("oauth") / "data"
    environ = {"PLATFORM_ADMIN_PASSWORD": PASSWORD, "SKIP_SSL_VERIFY": "true"}
    async with running_suite(data, environ=environ, door=Door.HTTP1) as running:
        yield running


class Memory:
    """Implements TokenStorage."""

    def __init__(self) -> None:
        self.tokens: OAuthToken | None = None
        self.client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


class Person:
    """Whoever sits before the browser that a client opens: logs in, and agrees."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.user = OAuthUser(http, EMAIL, PASSWORD)
        self.asked: list[str] = []
        self.answer: dict[str, str] = {}

    async def open(self, url: str) -> None:
        self.asked.append(url)
        page = await self.user.http.get(url)
        if 'name="password"' in page.text:
            entered = await self.user.log_in(page)
            page = await self.user.http.get(entered.headers["location"])
        answer = await self.user.decide(page)
        self.answer = said(answer.headers["location"])

    async def result(self) -> AuthorizationCodeResult:
        return AuthorizationCodeResult(**self.answer)


@asynccontextmanager
async def sdk(
    suite: Suite, memory: Memory, document: str | None = None, path: str = "/mcp"
) -> AsyncIterator[tuple[OAuthClientProvider, Person, httpx2.AsyncClient]]:
    async with plain_client(suite.url) as browser:
        person = Person(browser)
        provider = OAuthClientProvider(
            server_url=suite.url + path,
            client_metadata=OAuthClientMetadata(
                client_name="The SDK", redirect_uris=[AnyUrl(REDIRECT)]
            ),
            storage=memory,
            redirect_handler=person.open,
            callback_handler=person.result,
            client_metadata_url=document,
        )
        async with plain_client(auth=provider, timeout=30) as http:
            yield provider, person, http


async def lists_tools(suite: Suite, http: httpx2.AsyncClient) -> None:
    transport = streamable_http_client(f"{suite.url}/mcp", http_client=http)
    async with Client(transport) as client:
        await client.list_tools()


async def test_the_sdk_logs_in_with_nothing_but_the_url(suite: Suite) -> None:
    memory = Memory()
    async with sdk(suite, memory) as (_, person, http):
        await lists_tools(suite, http)
    assert len(person.asked) == 1
    assert person.answer["iss"] == suite.url
    assert memory.client is not None
    assert len(memory.client.client_id) == 32, "it registered itself"


async def test_the_sdk_refreshes_without_asking_its_user(suite: Suite) -> None:
    memory = Memory()
    async with sdk(suite, memory) as (provider, person, http):
        await lists_tools(suite, http)
        first = memory.tokens
        provider.context.token_expiry_time = 1.0
        await lists_tools(suite, http)
    assert first is not None
    assert memory.tokens is not None
    assert memory.tokens.access_token != first.access_token
    assert memory.tokens.refresh_token != first.refresh_token
    assert len(person.asked) == 1


@asynccontextmanager
async def published(folder: Path) -> AsyncIterator[str]:
    """The URL of a client's metadata document."""
    context = Authority().server(folder)
    body = b""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"https://localhost:{port}/client.json"
        document = {"client_id": url, "client_name": "Published", "redirect_uris": [REDIRECT]}
        body = json.dumps(
            {**document, "grant_types": ["authorization_code", "refresh_token"]}
        ).encode()
        yield url


async def test_the_sdk_logs_in_as_the_client_of_a_document(suite: Suite, tmp_path: Path) -> None:
    memory = Memory()
    async with published(tmp_path) as url, sdk(suite, memory, url) as (_, person, http):
        await lists_tools(suite, http)
        page = await person.user.http.get(person.asked[0])
    assert memory.client is not None
    assert memory.client.client_id == url
    assert urlsplit(url).netloc in page.text, "the page names who publishes it"


async def test_a_client_of_2025_03_26_finds_all_at_the_host(suite: Suite) -> None:
    """It knows of no resource, and asks the host for metadata."""
    async with plain_client(suite.url) as http:
        metadata = (await http.get("/.well-known/oauth-authorization-server")).json()
        assert metadata["issuer"] == suite.url
        assert metadata["authorization_endpoint"] == f"{suite.url}/authorize"
        user = OAuthUser(http, EMAIL, PASSWORD)
        await user.register()
        token = (await user.tokens(scope=None))["access_token"]
        hello = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "initialize",
            "params": {
                "protocolVersion": "2025-03-26",
                "capabilities": {},
                "clientInfo": {"name": "old", "version": "1"},
            },
        }
        headers = {
            "authorization": f"Bearer {token}",
            "accept": "application/json, text/event-stream",
        }
        answer = await http.post("/mcp", json=hello, headers=headers)
    assert answer.status_code == 200, answer.text


async def test_a_token_for_one_endpoint_is_refused_at_another(suite: Suite) -> None:
    server = await suite.bundle("oauth-only", [], visibility="public")
    async with plain_client(suite.url) as http:
        user = OAuthUser(http, EMAIL, PASSWORD)
        await user.register()
        path = f"/servers/{server}/mcp"
        token = (await user.tokens(resource=suite.url + path))["access_token"]
        headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
        hello = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        right = await http.post(path, json=hello, headers=headers)
        wrong = await http.post("/mcp", json=hello, headers=headers)
        api = await http.get("/tags", headers=headers)
    assert right.status_code != 401, right.text
    assert wrong.status_code == 401
    assert api.status_code == 401


async def command(config: Path, *argv: str, **environ: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcpgateway.cli", *argv),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**clean_environ(), "MCPGATEWAY_CONFIG_DIR": str(config), **environ},
    )


async def line_with(process: asyncio.subprocess.Process, *words: str) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(30):
        async for raw in process.stderr:
            line = raw.decode().strip()
            if any(word in line for word in words):
                return line
    raise AssertionError(f"it said none of {words}")


async def test_the_command_line_logs_in_by_a_browser(suite: Suite, tmp_path: Path) -> None:
    login = await command(tmp_path, "login", suite.url, BROWSER="true")
    page = await line_with(login, "/authorize?")
    async with plain_client(suite.url, follow_redirects=False) as browser:
        person = Person(browser)
        shown = await browser.get(page)
        entered = await person.user.log_in(shown)
        consent = await browser.get(entered.headers["location"])
        answer = await person.user.decide(consent)
        assert (await browser.get(answer.headers["location"])).status_code == 200
    _, problems = await login.communicate()
    assert login.returncode == 0, problems
    kept = tmp_path / "logins.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    await uses_the_login(suite, tmp_path)

    out = await command(tmp_path, "login", suite.url, "--out")
    await out.communicate()
    assert out.returncode == 0
    assert json.loads(kept.read_text()) == {}


async def uses_the_login(suite: Suite, config: Path) -> None:
    """Also when the token has to be refreshed first, and two commands find that out at once."""
    kept = config / "logins.json"
    logins = json.loads(kept.read_text())
    logins[suite.url]["expires"] = 1.0
    kept.write_text(json.dumps(logins))
    two = [await command(config, "token", "--url", suite.url) for _ in range(2)]
    tokens = [(await process.communicate())[0].decode().strip() for process in two]
    assert tokens[0] == tokens[1] != logins[suite.url]["access"]
    data = {"MCPGATEWAY_DATA_DIR": str(config / "nothing")}
    export = await command(config, "export", "--url", suite.url, **data)
    out, problems = await export.communicate()
    assert export.returncode == 0, problems
    assert os.linesep in out.decode() or out == b""


async def test_the_command_line_logs_in_by_a_code_typed_in_elsewhere(
    suite: Suite, tmp_path: Path
) -> None:
    login = await command(tmp_path, "login", suite.url, "--device")
    assert await line_with(login, "/device") == f"{suite.url}/device"
    code = await line_with(login, "-")
    async with plain_client(suite.url) as browser:
        user = OAuthUser(browser, EMAIL, PASSWORD)
        wanted = await browser.get("/device", params={"user_code": code})
        entered = await user.log_in(wanted)
        page = await browser.get(entered.headers["location"])
        assert code in page.text
        form = {"ticket": hidden(page.text), "decision": "allow"}
        assert "let in" in (await browser.post("/device", data=form)).text
    _, problems = await login.communicate()
    assert login.returncode == 0, problems
    token = await command(tmp_path, "token", "--url", suite.url)
    out, _ = await token.communicate()
    assert out.decode().count(".") == 2
