"""Two ends of a tunnel in one process, and connections between them that a test breaks."""

import asyncio
from collections import deque
from collections.abc import Callable

from mcpgateway.common.runtime.carried.frames import Request
from mcpgateway.common.runtime.http.exchange import Exchange
from mcpgateway.common.runtime.http.websocket import WebSocket
from mcpgateway.common.runtime.tunnel.end import TunnelEnd


class Wire:
    """One side of a connection. What is sent is delivered by `Joint.run`."""

    def __init__(self) -> None:
        self.out: deque[bytes] = deque()
        self.said: tuple[int, str] | None = None
        self.writable = True
        self.told: Callable[[bool], None] | None = None

    def send(self, text: bytes) -> None:
        self.out.append(text)

    def send_binary(self, data: bytes) -> None:
        self.out.append(data)

    def close(self, code: int, reason: str = "") -> None:
        self.said = (code, reason)

    def on_writable(self, callback: Callable[[bool], None] | None) -> None:
        self.told = callback


class Joint:
    """`asker` asks, `answerer` answers by a function of the exchange."""

    def __init__(self, answer: Callable[[Exchange], None]) -> None:
        self.asker = TunnelEnd()
        self.answerer = TunnelEnd(answer)
        self.wires = (Wire(), Wire())
        self.connect()

    def connect(self) -> None:
        self.wires = (Wire(), Wire())
        has = (self.answerer.link.received, self.asker.link.received)
        self.asker.attach(_socket(self.wires[0]), has[0])
        self.answerer.attach(_socket(self.wires[1]), has[1])

    def cut(self) -> None:
        """With all that is under way on the connection."""
        self.asker.detach()
        self.answerer.detach()

    def deliver(self, most: int = 1) -> int:
        """So many messages each way; how many there were."""
        delivered = 0
        for wire, to in zip(self.wires, (self.answerer, self.asker), strict=True):
            for _ in range(min(most, len(wire.out))):
                to.take(wire.out.popleft())
                delivered += 1
        return delivered

    async def run(self) -> None:
        """Until neither has anything to say."""
        while self.deliver(100) or await _turn(self):
            pass

    def ask(self, exchange: Exchange, gone: Callable[[], None]) -> None:
        self.asker.ask(exchange, request(exchange), gone)


async def _turn(joint: Joint) -> int:
    """Lets acknowledgements and the like be sent."""
    await asyncio.sleep(0)
    return sum(len(wire.out) for wire in joint.wires)


def _socket(wire: Wire) -> WebSocket:
    return wire


def request(exchange: Exchange) -> Request:
    return Request(
        0.0, exchange.method, b"/mcp", "/mcp", "", exchange.headers, ("", 0), "http", exchange.body
    )
