"""What a TLS client may choose to speak."""

import asyncio
import ssl
import time
from pathlib import Path
from typing import cast

import pytest
from typing_extensions import override

from mcpgateway.common.runtime.http.server import Beside, Listener
from mcpgateway.common.runtime.http.server_home import Home
from mcpgateway.common.runtime.self_signed import ensure
from mcpgateway.common.runtime.server_tls import make_context
from support.http import RawClient, ScriptedApp


class Shouts(asyncio.Protocol):
    """Another protocol."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        both = cast(asyncio.Transport, transport)
        both.write(b"HELLO")
        both.close()


@pytest.mark.parametrize(
    ("offered", "chosen"), [(["shout", "http/1.1"], "shout"), (["http/1.1"], "http"), ([], "http")]
)
async def test_a_connection_goes_to_what_the_client_chose_else_to_http_1_1(
    tmp_path: Path, offered: list[str], chosen: str
) -> None:
    def shouts(home: Home) -> asyncio.Protocol:
        assert home is listener
        return Shouts()

    files = ensure(tmp_path, (), time.time())
    context = make_context(files, ("shout", "http/1.1"))
    listener = await Listener.open(
        ScriptedApp(), "127.0.0.1", 0, ssl=context, beside=Beside({"shout": shouts})
    )
    client = ssl.create_default_context(cafile=files.certificate)
    if offered:
        client.set_alpn_protocols(offered)
    try:
        streams = await asyncio.open_connection("localhost", listener.port, ssl=client)
        raw = RawClient(*streams)
        if chosen == "shout":
            assert await raw.rest() == b"HELLO"
        else:
            raw.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await raw.response()).status == 200
        await raw.close()
    finally:
        await listener.close()
