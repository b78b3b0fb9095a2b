"""Bad input on the wire: each one has its status, its words, and harms nothing else."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from mcpgateway.common import jsonrpc
from support.data_plane import DataPlane, data_plane
from support.endpoint import token
from support.http import raw_client
from support.registries import server

LIST = jsonrpc.request(1, "tools/list")
JSON = {"content-type": "application/json"}
LIMIT = 4 * 1024 * 1024


@pytest.fixture
async def plane() -> AsyncIterator[DataPlane]:
    async with data_plane(server("s1")) as made:
        yield made
        async with made.http() as http:
            answer = await http.post("/servers/s1/mcp", content=LIST, headers=JSON)
            assert answer.status_code == 200, "and still it serves"


async def post(plane: DataPlane, path: str, body: bytes, bearer: str | None = None) -> Any:
    async with plane.http(bearer=bearer) as http:
        return await http.post(path, content=body, headers=JSON)


async def test_no_token_a_wrong_one_and_an_expired_one_are_401_and_say_which(
    plane: DataPlane,
) -> None:
    now = time.time()
    for bearer, words in (
        ("", "bearer token is needed"),
        (token(secret=b"w" * 32, now=now), "signature"),
        (token(now=now - 7200), "expired"),
        (token("nobody@example.com", now=now), "no active user"),
        ("not-a-token", "malformed"),
    ):
        answer = await post(plane, "/servers/s1/mcp", LIST, bearer)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert words in answer.json()["error"]["message"]


async def test_malformed_json_is_400_and_says_where(plane: DataPlane) -> None:
    answer = await post(plane, "/mcp", b'{"jsonrpc":"2.0",')
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == jsonrpc.PARSE_ERROR


async def test_deep_nesting_is_refused_and_not_a_crash(plane: DataPlane) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":' + b"[" * 100_000
    assert (await post(plane, "/mcp", body)).status_code == 400


async def test_a_body_over_the_limit_is_413_before_it_is_read(plane: DataPlane) -> None:
    answer = await post(plane, "/mcp", b" " * (LIMIT + 1))
    assert answer.status_code == 413
    assert str(LIMIT) in answer.json()["error"]["message"]


async def test_a_chunked_body_over_the_limit_is_413_too(plane: DataPlane) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(LIMIT // 65536 + 1):
            yield b" " * 65536

    async with plane.http() as http:
        answer = await http.post("/mcp", content=endless(), headers=JSON)
    assert answer.status_code == 413


async def test_an_unknown_server_is_404_and_an_unknown_method_an_error_answer(
    plane: DataPlane,
) -> None:
    assert (await post(plane, "/servers/none/mcp", LIST)).status_code == 404
    answer = await post(plane, "/mcp", jsonrpc.request("a", "no/such"))
    assert (answer.status_code, answer.json()["id"]) == (200, "a")
    assert answer.json()["error"]["code"] == jsonrpc.METHOD_NOT_FOUND


async def test_a_page_of_another_site_is_403(plane: DataPlane) -> None:
    async with raw_client(plane.door.own_port) as client:
        client.send(b"GET /health HTTP/1.1\r\nhost: evil.example\r\n\r\n")
        response = await client.response("GET")
    assert response.status == 403
    assert "ALLOWED_ORIGINS" in json.loads(response.body)["detail"]


async def test_health_and_readiness_need_no_token(plane: DataPlane) -> None:
    async with plane.http(bearer="") as http:
        assert (await http.get("/health")).json() == {"status": "healthy"}
        assert (await http.get("/ready")).json()["ready"] is True


async def test_a_draining_door_finishes_what_is_under_way_and_takes_nothing_new() -> None:
    async with data_plane(server("s1")) as plane:
        port = plane.door.port
        async with raw_client(plane.door.own_port) as client:
            head = b"POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n"
            client.send(head + b"expect: 100-continue\r\n\r\n")
            assert (await client.head()).status == 100  # so the request is under way
            drained = asyncio.create_task(plane.door.drain(5))
            await asyncio.sleep(0)
            client.send(b"{}")
            answer = await client.response()
            assert (answer.status, answer.header("connection")) == (401, "close")
            assert await drained
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection("127.0.0.1", port)
