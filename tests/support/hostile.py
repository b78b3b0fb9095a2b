"""An upstream that serves some calls well and others badly, on one address."""

import asyncio
import json

from support.http import BadServer, Script, read_request

RESULT = {"resultType": "complete", "content": [{"type": "text", "text": "ok"}]}
BODY = json.dumps({"jsonrpc": "2.0", "id": 1, "result": RESULT}).encode()


def response(body: bytes, *lines: bytes, status: bytes = b"200 OK") -> bytes:
    """A whole HTTP response with these header lines too."""
    head = [b"HTTP/1.1 " + status, b"Content-Type: application/json", *lines]
    return b"\r\n".join([*head, b"Content-Length: %d" % len(body), b"", body])


GOOD = response(BODY)


class Hostile(BadServer):
    """POSTs to `/good` are answered well at once, to `/held` when the test calls `answer`; for any
    other, `misdeed` has the connection, its request read."""

    def __init__(self, misdeed: Script) -> None:
        super().__init__(self._serve)
        self._misdeed = misdeed
        self._answer = asyncio.Event()
        self.holding = asyncio.Event()

    def answer(self) -> None:
        self._answer.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            request = await read_request(reader)
            if request.startswith(b"POST /held"):
                self.holding.set()
                await self._answer.wait()
            elif not request.startswith(b"POST /good"):
                await self._misdeed(reader, writer)
                return
            writer.write(GOOD)
