"""What an application sees of a request head. What is refused is in `test_strictness`."""

import pytest

from mcpgateway.common.runtime.http.exchange import ServerLimits
from support.http import ScriptedApp, talking

HOST = b"Host: gateway\r\n"
LIMITS = ServerLimits(header_bytes=2_000, header_count=10, target_bytes=500)


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"/a/b?c=d&e", "/a/b", "c=d&e"),
        (b"/a%2Fb/", "/a%2Fb/", ""),
        (b"http://gateway:80/a?b", "/a", "b"),
        (b"HTTPS://gateway", "/", ""),
        (b"//a", "//a", ""),
    ],
)
async def test_path_and_query_are_taken_from_the_target_as_sent(
    target: bytes, path: str, query: str
) -> None:
    app = ScriptedApp()
    async with talking(app) as client:
        client.send(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        assert (await client.response()).status == 200
    exchange = app.handled[0]
    assert (exchange.target, exchange.path, exchange.query) == (target, path, query)
    assert (exchange.scheme, exchange.peer[0]) == ("http", "127.0.0.1")


async def test_header_names_are_lower_case_and_values_lose_the_space_around_them() -> None:
    app = ScriptedApp()
    async with talking(app) as client:
        client.send(b"GET / HTTP/1.1\r\nHOST: a\r\nX-One:  two words \t\r\nEmpty:\r\n\r\n")
        assert (await client.response()).status == 200
    assert app.handled[0].headers == [(b"host", b"a"), (b"x-one", b"two words"), (b"empty", b"")]
    assert app.handled[0].header(b"x-one") == b"two words"


async def test_http_1_0_needs_no_host() -> None:
    async with talking(ScriptedApp()) as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert (await client.response()).status == 200


async def test_a_head_without_end_is_refused_at_its_limit() -> None:
    async with talking(ScriptedApp(), LIMITS) as client:
        client.send(b"GET / HTTP/1.1\r\nX: ")
        for _ in range(50):
            client.send(b"y" * 1_000)
        assert (await client.response()).status == 431


async def test_a_request_in_single_bytes_is_a_request() -> None:
    app = ScriptedApp()
    request = b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc"
    async with talking(app) as client:
        for byte in request:
            client.send(bytes([byte]))
            await client.writer.drain()
        assert (await client.response()).body == b"abc"
