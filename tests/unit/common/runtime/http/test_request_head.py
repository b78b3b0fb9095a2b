"""What no HTTP server may let pass, sent byte by byte over a real socket."""

import pytest

from mcpgateway.common.runtime.http.exchange import ServerLimits
from support.http import ScriptedApp, talking

HOST = b"Host: gateway\r\n"
LIMITS = ServerLimits(header_bytes=2_000, header_count=10, target_bytes=500)

REFUSED = {
    "length and chunked": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    "chunked and length": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
    ),
    "two lengths": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    ),
    "a list of lengths": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3, 3\r\n\r\nabc",
    ),
    "a signed length": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +3\r\n\r\nabc"),
    "a negative length": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -3\r\n\r\n"),
    "a length without end": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
    ),
    "an unknown coding": (
        501,
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n",
    ),
    "two codings": (
        501,
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    ),
    "chunked in HTTP/1.0": (
        400,
        b"POST / HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "no host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two hosts": (400, b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n"),
    "two authorizations": (
        400,
        b"GET / HTTP/1.1\r\n"
        + HOST
        + b"Authorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n",
    ),
    "two origins": (
        400,
        b"GET / HTTP/1.1\r\n" + HOST + b"Origin: http://a\r\nOrigin: http://b\r\n\r\n",
    ),
    "an empty host": (400, b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
    "a host with a path": (400, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "a host with a user": (400, b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    "a host list": (400, b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    "NUL in a value": (400, b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n"),
    "NUL in the target": (400, b"GET /a\0b HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a control character": (400, b"GET / HTTP/1.1\r\n" + HOST + b"X: a\x01b\r\n\r\n"),
    "a folded header": (400, b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n"),
    "space before the colon": (400, b"GET / HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n"),
    "space before the first header": (400, b"GET / HTTP/1.1\r\n " + HOST + b"\r\n"),
    "bare line feeds": (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    "a bare carriage return": (400, b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rY: b\r\n\r\n"),
    "no header name": (400, b"GET / HTTP/1.1\r\n" + HOST + b": a\r\n\r\n"),
    "an unknown method": (400, b"FETCH / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "no version": (505, b"GET /\r\n\r\n"),
    "version 0.9": (505, b"GET / HTTP/0.9\r\n" + HOST + b"\r\n"),
    "version 2.0": (505, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"),
    "version 1.2": (400, b"GET / HTTP/1.2\r\n" + HOST + b"\r\n"),
    "CONNECT": (501, b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a target of another scheme": (400, b"GET ftp://a/b HTTP/1.1\r\n" + HOST + b"\r\n"),
    "a fragment": (400, b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n"),
    "raw bytes in the target": (400, b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "an asterisk for GET": (400, b"GET * HTTP/1.1\r\n" + HOST + b"\r\n"),
    "another expectation": (417, b"POST / HTTP/1.1\r\n" + HOST + b"Expect: tea\r\n\r\n"),
    "TLS on a plain port": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "too many headers": (431, b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 10 + b"\r\n"),
    "a header too long": (
        431,
        b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 2_000 + b"\r\n\r\n",
    ),
    "headers too long together": (
        431,
        b"GET / HTTP/1.1\r\n" + HOST + (b"X: " + b"y" * 400 + b"\r\n") * 5 + b"\r\n",
    ),
    "a target too long": (414, b"GET /" + b"a" * 500 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
}


@pytest.mark.parametrize(("status", "request_bytes"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_bad_request_is_answered_once_and_never_reaches_the_application(
    status: int, request_bytes: bytes
) -> None:
    app = ScriptedApp()
    async with talking(app, LIMITS) as client:
        client.send(request_bytes)
        response = await client.response()
        assert response.status == status
        assert response.header("connection") == "close"
        assert await client.rest() == b""
    assert app.heads == []


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
