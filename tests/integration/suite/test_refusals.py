"""Bad input gets a precise refusal at the public address, and leaves nothing half-written."""

import asyncio
import json
import sys
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from support.http import free_port
from support.mcp_servers import mcp_server, serve
from support.suite import Suite, clean_environ

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "upstream-echo", "arguments": {"text": "x"}},
}


async def page(_: Any) -> HTMLResponse:
    return HTMLResponse("<html>hello</html>")


async def gateways(suite: Suite) -> list[Any]:
    async with suite.http() as http:
        return list((await http.get("/gateways")).json())


async def test_an_unreachable_upstream_is_refused_with_the_reason_and_not_registered(
    suite: Suite,
) -> None:
    port = free_port()
    async with suite.http() as http:
        answer = await http.post(
            "/gateways", json={"name": "dead", "url": f"http://127.0.0.1:{port}/mcp"}
        )
    assert answer.status_code == 502
    assert str(port) in answer.json()["message"]
    assert "refused" in answer.json()["message"]
    assert "dead" not in [gateway["name"] for gateway in await gateways(suite)]


async def test_an_upstream_that_is_no_mcp_server_is_refused_with_what_it_said(
    suite: Suite,
) -> None:
    async with (
        serve(Starlette(routes=[Route("/{path:path}", page, methods=["GET", "POST"])])) as url,
        suite.http() as http,
    ):
        answer = await http.post("/gateways", json={"name": "page", "url": f"{url}/mcp"})
    assert answer.status_code == 502
    assert "text/html" in answer.json()["message"].lower() or "html" in answer.text.lower()
    assert "page" not in [gateway["name"] for gateway in await gateways(suite)]


async def test_the_metadata_address_is_never_called(suite: Suite) -> None:
    async with suite.http() as http:
        answer = await http.post(
            "/gateways", json={"name": "meta", "url": "http://169.254.169.254/mcp"}
        )
    assert answer.status_code in (422, 502)
    assert "169.254.169.254" in answer.json()["message"]


async def test_a_duplicate_name_is_a_conflict(suite: Suite) -> None:
    async with mcp_server() as upstream, suite.http() as http:
        first = await http.post("/gateways", json={"name": "twice", "url": upstream.url})
        assert first.status_code == 200, first.text
        second = await http.post("/gateways", json={"name": "Twice", "url": upstream.url + "/"})
        assert second.status_code == 409
        assert "twice" in second.json()["message"].lower()
        await http.delete(f"/gateways/{first.json()['id']}?wait=applied")


async def test_an_unknown_tool_id_in_a_server_is_named(suite: Suite) -> None:
    missing = "0" * 32
    async with suite.http() as http:
        answer = await http.post(
            "/servers", json={"server": {"name": "odd", "associated_tools": [missing]}}
        )
        names = [server["name"] for server in (await http.get("/servers")).json()]
    assert answer.status_code in (400, 422)
    assert missing in answer.text
    assert "odd" not in names


@pytest.mark.parametrize("path", ["/gateways", "/servers"])
async def test_malformed_json_is_refused_with_its_place(suite: Suite, path: str) -> None:
    async with suite.http() as http:
        answer = await http.post(
            path, content=b'{"name": ', headers={"content-type": "application/json"}
        )
    assert answer.status_code == 400
    assert "JSON" in answer.json()["message"]


async def test_a_malformed_call_is_a_parse_error(suite: Suite) -> None:
    async with suite.http() as http:
        answer = await http.post(
            "/mcp",
            content=b'{"jsonrpc": "2.0", ',
            headers={
                "content-type": "application/json",
                "accept": "application/json, text/event-stream",
            },
        )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == -32700


async def test_an_oversized_call_is_refused_and_the_connection_serves_on(suite: Suite) -> None:
    async with suite.http() as http:
        answer = await http.post("/mcp", content=b"x" * (5 * 1024 * 1024))
        assert answer.status_code == 413
        assert (await http.get("/health")).status_code == 200


async def test_an_oversized_registration_is_refused(suite: Suite) -> None:
    body = json.dumps({"name": "big", "url": "http://127.0.0.1:1/mcp", "description": "x" * 2**21})
    async with suite.http() as http:
        answer = await http.post(
            "/gateways", content=body, headers={"content-type": "application/json"}
        )
    assert answer.status_code in (413, 422)


async def expired(suite: Suite) -> str:
    """A token whose lifetime has passed, properly signed."""
    secrets = dict(
        line.split("=", 1)
        for line in (suite.data_dir / "secrets.env").read_text().splitlines()
        if "=" in line and not line.startswith("#")
    )
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcpgateway.utils.create_jwt_token"),
        *("--data", '{"sub":"admin@example.com","exp":1000000000}'),
        *("--secret", secrets["JWT_SECRET_KEY"].strip("'\"")),
        env=clean_environ(),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate()
    return out.decode().strip()


@pytest.mark.parametrize("path", ["/gateways", "/tools", "/v1/servers", "/version"])
async def test_no_token_and_a_wrong_one_are_401_with_a_challenge(suite: Suite, path: str) -> None:
    for token in ("", "Bearer nonsense", f"Bearer {suite.token[:-3]}abc"):
        async with suite.http() as http:
            http.headers["Authorization"] = token
            answer = await http.get(path)
        assert answer.status_code == 401, (path, token)
        assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_no_token_a_wrong_and_an_expired_one_are_401_for_calls_too(suite: Suite) -> None:
    for token in ("", "Bearer nonsense", f"Bearer {await expired(suite)}"):
        async with suite.http() as http:
            http.headers["Authorization"] = token
            answer = await http.post("/mcp", json=CALL)
        assert answer.status_code == 401, token
        assert answer.headers["www-authenticate"].startswith("Bearer")
    async with suite.http() as http:
        http.headers["Authorization"] = f"Bearer {await expired(suite)}"
        answer = await http.get("/tools")
    assert answer.status_code == 401
    assert "expired" in answer.text


async def test_an_unknown_tool_and_an_unknown_server_are_named(suite: Suite) -> None:
    async with suite.http() as http:
        unknown_tool = await http.post("/mcp", json=CALL)
        unknown_server = await http.post(f"/servers/{'f' * 32}/mcp", json=CALL)
    assert unknown_tool.json()["error"]["code"] == -32602
    assert "upstream-echo" in unknown_tool.json()["error"]["message"]
    assert unknown_server.status_code == 404
