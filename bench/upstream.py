"""An MCP upstream of 2026-07-28 in Python, for what nginx can not do: many tools, event streams.

`echo` answers at once; `stream` sends 100 events, each with the time at which it is sent, and
then the result; `hold` sends one event and leaves the response open for ever. Listens on one port
or on several, which a gateway takes for several upstreams.
"""

import argparse
import asyncio
import time

import uvloop

from bench import messages
from mcpgateway.common import jsonrpc
from mcpgateway.common.runtime.http.exchange import BodyPlan, Exchange, ServerLimits
from mcpgateway.common.runtime.http.server import Listener

EVENTS, SPACING = 100, 0.005  # of a stream; seconds between two
_JSON = ((b"content-type", b"application/json"),)
_EVENTS = ((b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache"))


class Upstream:
    """The application."""

    def __init__(self, tools: int) -> None:
        self._streams: set[asyncio.Task[None]] = set()
        self._results = {
            "server/discover": messages.DISCOVERED.encode(),
            "tools/list": messages.tools_page(tools, modern=True).encode(),
            "tools/call": messages.MODERN_RESULT.encode(),
        }

    def head(self, exchange: Exchange) -> BodyPlan:
        return BodyPlan(limit=1 << 20)

    def handle(self, exchange: Exchange) -> None:
        frame = jsonrpc.decode_frame(exchange.body)
        id = frame.id if isinstance(frame.id, int | str) else 0
        result = self._results.get(str(frame.method))
        tool = exchange.header(b"mcp-name")
        if result is None:
            body = jsonrpc.error(id, jsonrpc.METHOD_NOT_FOUND, f"no {frame.method}")
            exchange.respond(404, _JSON, body)
        elif tool in (b"stream", b"hold"):
            exchange.start(200, _EVENTS)
            exchange.write(_event())
            if tool == b"stream":
                self._go_on(exchange, jsonrpc.response(id, result))
        else:
            exchange.respond(200, _JSON, jsonrpc.response(id, result))

    def _go_on(self, exchange: Exchange, answer: bytes) -> None:
        task = asyncio.create_task(_rest(exchange, answer))
        self._streams.add(task)
        task.add_done_callback(self._streams.discard)


def _event() -> bytes:
    """A notification that carries the clock of this machine, in nanoseconds."""
    now = b'{"progressToken":"t","progress":%d}' % time.monotonic_ns()
    return b"data: %b\n\n" % jsonrpc.notification("notifications/progress", now)


async def _rest(exchange: Exchange, answer: bytes) -> None:
    for _ in range(EVENTS - 1):
        await asyncio.sleep(SPACING)
        exchange.write(_event())
    exchange.write(b"data: %b\n\n" % answer)
    exchange.end()


async def main(ports: list[int], tools: int) -> None:
    app = Upstream(tools)
    for port in ports:
        await Listener.open(app, "127.0.0.1", port, ServerLimits(connections=100_000))
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.upstream", description=__doc__)
    parser.add_argument("--ports", required=True, help="separated by commas")
    parser.add_argument("--tools", type=int, default=3)
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main([int(port) for port in options.ports.split(",")], options.tools))
