"""A modern MCP upstream with one tool and constant answers, for discovery before a measurement."""

import asyncio
import sys

from mcpgateway.common import jsonrpc
from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange
from mcpgateway.common.runtime.http.server import Listener

JSON = ((b"content-type", b"application/json"),)
RESULT = b'{"resultType":"complete","content":[{"type":"text","text":"0123456789"}]}'
_LIST = b'"resultType":"complete","ttlMs":0,"cacheScope":"public"'
ANSWERS = {
    "server/discover": b'{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},%b}'
    % _LIST,
    "tools/list": b'{"tools":[{"name":"echo","inputSchema":{"type":"object"}}],%b}' % _LIST,
    "tools/call": RESULT,
}


class Constant:
    """The application: the body's id, a constant result."""

    def head(self, exchange: Exchange) -> BodyPlan:
        return BodyPlan(limit=65536)

    def handle(self, exchange: Exchange) -> None:
        frame = jsonrpc.decode_frame(exchange.body)
        id = frame.id if isinstance(frame.id, int | str) else 0
        result = ANSWERS.get(str(frame.method))
        if result is None:
            body = jsonrpc.error(id, jsonrpc.METHOD_NOT_FOUND, f"no {frame.method}")
            exchange.respond(404, JSON, body)
        else:
            exchange.respond(200, JSON, jsonrpc.response(id, result))


async def main(port: int) -> None:
    await Listener.open(Constant(), "127.0.0.1", port)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
