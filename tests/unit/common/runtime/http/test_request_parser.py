import pytest

from support.http import ScriptedApp, talking

LENGTH = b"Content-Length: 3\r\n\r\nabc"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
UPGRADE = (
    b"POST /%b HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n%b"
)


@pytest.mark.parametrize("body", [LENGTH, CHUNKED])
async def test_an_h2c_upgrade_is_declined_without_losing_the_body_or_the_connection(
    body: bytes,
) -> None:
    app = ScriptedApp()
    async with talking(app) as client:
        client.send(UPGRADE % (b"one", body) + UPGRADE % (b"two", body))
        for path in ("/one", "/two"):
            response = await client.response()
            assert (response.header("x-path"), response.body) == (path, b"abc")
        client.send(b"GET /three HTTP/1.1\r\nHost: a\r\n\r\n")
        assert (await client.response()).header("x-path") == "/three"
    assert app.handled[0].header(b"upgrade") == b"h2c"


@pytest.mark.parametrize("body", [LENGTH, CHUNKED])
async def test_an_upgrade_in_single_bytes_is_read_alike(body: bytes) -> None:
    async with talking(ScriptedApp()) as client:
        for byte in UPGRADE % (b"one", body):
            client.send(bytes([byte]))
            await client.writer.drain()
        assert (await client.response()).body == b"abc"


async def test_an_upgrade_without_a_body_is_a_plain_request() -> None:
    async with talking(ScriptedApp()) as client:
        client.send(UPGRADE % (b"one", b"\r\n") + UPGRADE % (b"two", b"Content-Length: 0\r\n\r\n"))
        assert (await client.response()).header("x-path") == "/one"
        assert (await client.response()).header("x-path") == "/two"


async def test_many_upgrades_in_one_read_are_so_many_requests_and_the_next_head_is_whole() -> None:
    async with talking(ScriptedApp()) as client:
        client.send((UPGRADE % (b"x", b"\r\n")) * 150 + b"GET /last HTTP/1.1\r\nHost")
        for _ in range(150):
            assert (await client.response()).header("x-path") == "/x"
        client.send(b": a\r\n\r\n")
        assert (await client.response()).header("x-path") == "/last"


async def test_an_upgrade_s_body_has_the_same_limit() -> None:
    async with talking(ScriptedApp(limit=2)) as client:
        client.send(UPGRADE % (b"one", CHUNKED))
        assert (await client.response()).status == 413


async def test_the_preface_of_http_2_is_refused() -> None:
    async with talking(ScriptedApp()) as client:
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert (await client.response()).status == 400
